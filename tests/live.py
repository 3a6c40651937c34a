"""What people and LANCK do to a running site, over real HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import requests

from django_lanck.testing import Sent

PATIENCE = 30.0


class Person:
    """Someone with a browser, who starts one verification after the other. ``site`` is an origin."""

    def __init__(self, site: str, number: str) -> None:
        self.site, self.number, self.id = site, number, ""
        self.session = requests.Session()
        self.session.trust_env = False

    def __enter__(self) -> Person:
        return self

    def __exit__(self, *error: object) -> None:
        self.session.close()

    @property
    def address(self) -> str:
        return f"{self.site}/api/phone/verifications/{self.id}/"

    def start(self, **more: Any) -> requests.Response:
        response = self._post(f"{self.site}/api/phone/verifications/", {"number": self.number, **more})
        if response.status_code == 201:
            self.id = response.json()["id"]
        return response

    def look(self) -> dict[str, Any]:
        return self.session.get(self.address, timeout=PATIENCE).json()

    def check(self, code: str) -> requests.Response:
        return self._post(f"{self.address}check/", {"code": code})

    def resend(self, **more: Any) -> requests.Response:
        return self._post(f"{self.address}resend/", more)

    def _post(self, address: str, body: dict[str, Any]) -> requests.Response:
        return self.session.post(address, json=body, timeout=PATIENCE)


def post_receipt(sent: Sent, status: str, **fields: Any) -> int:
    """Post a delivery receipt as LANCK would; the HTTP status of the site's answer."""
    payload = {"requestId": sent.request_id, "number": sent.number, "status": status, "timestamp": 1_700_000_000}
    return requests.post(sent.params["callbackUrl"], json={**payload, **fields}, timeout=PATIENCE).status_code


def wrong(code: str, step: int = 1) -> str:
    """Other digits."""
    return f"{(int(code) + step) % 10 ** len(code):0{len(code)}}"


def refusal(response: requests.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def wait_until(holds: Callable[[], Any]) -> None:
    """Return once it holds. It has to within a time that no machine should need."""
    ends = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < ends, "It did not come to hold"
        time.sleep(0.02)
