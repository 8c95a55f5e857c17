"""The running provider, as its one line of JSON describes it."""

import base64
import json
import os
import urllib.request


class Provider:
    def __init__(self):
        with open(os.environ["PROVIDER"], encoding="utf-8") as file:
            self.summary = json.load(file)
        # The control surface is not for the proxy.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self.control("DELETE", "journal")
        self.control("DELETE", "fault")

    @property
    def tenant(self):
        return self.summary["tenants"][0]

    @property
    def secret_app(self):
        return next(app for app in self.summary["apps"] if "client_secret" in app)

    @property
    def certificate_app(self):
        return next(app for app in self.summary["apps"] if "certificate_file" in app)

    @property
    def password(self):
        """Every user's password."""
        return self.summary["password"]

    def app(self, name):
        return next(app for app in self.summary["apps"] if app["name"] == name)

    def user(self, username):
        return next(user for user in self.summary["users"] if user["username"] == username)

    def authority(self, host="login.microsoftonline.com"):
        return f"https://{host}/{self.tenant['id']}"

    def requests(self, endpoint):
        return [entry for entry in self.control("GET", "journal") if entry["endpoint"] == endpoint]

    def control(self, method, name, body=None):
        request = urllib.request.Request(
            f"{self.summary['plain_url']}/.control/{name}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
        )
        with self._opener.open(request, timeout=10) as response:
            text = response.read()
        return json.loads(text) if text else None


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def assertion_header(request):
    """The header of the client assertion in a token request."""
    assertion = dict(request["form"])["client_assertion"]
    header = assertion.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))


def claims(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
