"""HTTP clients for tests that run the site on a real port: a person with a browser, and LANCK's callbacks."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import requests

from django_lanck.testing import Sent

TIMEOUT = 30.0


class Person:
    """A person with a browser and a phone: starts verifications through the JSON API of the site at ``site``.

    ``id`` and ``url`` are those of the last verification that was started.
    """

    def __init__(self, site: str, number: str) -> None:
        self.site, self.number, self.id = site, number, ""
        self.api = f"{site}/api/phone/verifications/"
        self.session = requests.Session()
        self.session.trust_env = False

    def __enter__(self) -> Person:
        return self

    def __exit__(self, *error: object) -> None:
        self.session.close()

    @property
    def url(self) -> str:
        return f"{self.api}{self.id}/"

    def start(self, **fields: Any) -> requests.Response:
        response = self._post(self.api, {"number": self.number, **fields})
        if response.status_code == 201:
            self.id = response.json()["id"]
        return response

    def fetch(self) -> dict[str, Any]:
        """Return the verification as the API shows it."""
        return self.session.get(self.url, timeout=TIMEOUT).json()

    def check(self, code: str | None = None) -> requests.Response:
        """Check a code; without one, the code of the newest message on the sandbox's handset."""
        return self._post(f"{self.url}check/", {"code": code or self.handset()[0]["code"]})

    def resend(self, **fields: Any) -> requests.Response:
        return self._post(f"{self.url}resend/", fields)

    def handset(self) -> list[dict[str, Any]]:
        """Return the messages that the sandbox delivered to the number, newest first."""
        return self.session.get(f"{self.site}/sandbox/handset/{self.number}/", timeout=TIMEOUT).json()["messages"]

    def _post(self, url: str, body: dict[str, Any]) -> requests.Response:
        return self.session.post(url, json=body, timeout=TIMEOUT)


def post_receipt(sent: Sent, status: str, **fields: Any) -> int:
    """Post a delivery receipt as LANCK does and return the HTTP status of the response."""
    payload = {"requestId": sent.request_id, "number": sent.number, "status": status, "timestamp": 1_700_000_000}
    return requests.post(sent.params["callbackUrl"], json={**payload, **fields}, timeout=TIMEOUT).status_code


def refusal_in(response: requests.Response) -> tuple[int, str]:
    """Return the HTTP status and the refusal code of a response."""
    return response.status_code, response.json()["code"]


def wait_until(condition: Callable[[], Any], interval: float = 0.01) -> None:
    """Return as soon as the condition is true; fail after ``TIMEOUT`` seconds."""
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < deadline, f"The condition was still false after {TIMEOUT:.0f} seconds"
        time.sleep(interval)
