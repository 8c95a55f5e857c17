"""Runs every function `check_*` of every file `check_*.py` beside this one.

A new check is a new function, or a new file.
"""

import importlib
import pathlib
import sys
import traceback

from provider import Provider


def main() -> int:
    here = pathlib.Path(__file__).parent
    failed = 0
    for path in sorted(here.glob("check_*.py")):
        module = importlib.import_module(path.stem)
        for name, check in sorted(vars(module).items()):
            if not name.startswith("check_"):
                continue
            provider = Provider()
            try:
                check(provider)
            except Exception:
                failed += 1
                print(f"FAILED {path.stem}.{name}")
                traceback.print_exc(file=sys.stdout)
            else:
                print(f"ok {path.stem}.{name}")
    print("done")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
