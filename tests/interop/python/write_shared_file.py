"""Writes tokens to a cache file that others write too: FILE NAME COUNT [create|portalocker|hold]

With `create`, the lock is the one that msal-extensions takes without portalocker. With `hold`, the lock is taken, a
line is printed, and nothing else is done until the process is ended.
"""

import sys
import time

FILE, NAME, COUNT, *MODE = sys.argv[1:]
if "portalocker" not in MODE:
    sys.modules["portalocker"] = None

import msal_extensions  # noqa: E402


def main():
    cache = msal_extensions.PersistedTokenCache(msal_extensions.FilePersistence(FILE))
    if "hold" in MODE:
        with msal_extensions.CrossPlatLock(FILE + ".lockfile"):
            print("held", flush=True)
            time.sleep(600)
    late = 0
    for number in range(int(COUNT)):
        while not add(cache, number):
            late += 1
    print(f"{NAME}: waited in vain {late} times")


def add(cache, number):
    try:
        cache.add({
            "client_id": f"{NAME}-{number}",
            "scope": ["https://graph.microsoft.com/.default"],
            "token_endpoint": "https://login.microsoftonline.com/tenant/oauth2/v2.0/token",
            "response": {"access_token": "secret", "expires_in": 3600, "token_type": "Bearer"},
        })
    except msal_extensions.LockError:
        return False
    return True


main()
