"""Posts callbacks to the site: JSON in the documented content type, to allowed hosts only."""

from __future__ import annotations

import ipaddress
import json
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import requests

from ..conf import conf
from .delivery import Payload

CONTENT_TYPE: Final = "json/application"  # sic, in LANCK's documentation
TIMEOUTS: Final = (2, 5)  # seconds to connect and to read
NOT_ALLOWED: Final = "not posted: the host is neither this machine nor in CALLBACK_HOSTS"


class PostResult(NamedTuple):
    """The result of a post: the HTTP status of the response, or the ``problem`` if there is none."""

    http_status: int | None
    problem: str = ""

    @property
    def accepted(self) -> bool:
        return self.http_status is not None and 200 <= self.http_status < 300


def post(url: str, payload: Payload) -> PostResult:
    """Post a callback to the site and return the result. Redirects are not followed."""
    if not may_post_to(url):
        return PostResult(None, NOT_ALLOWED)
    try:
        with requests.Session() as session:
            session.trust_env = False
            response = session.post(
                url,
                data=json.dumps(payload).encode(),
                headers={"Content-Type": CONTENT_TYPE, "User-Agent": "LANCK-sandbox"},
                timeout=TIMEOUTS,
                allow_redirects=False,
                stream=True,  # the body is not needed
            )
            response.close()
            return PostResult(response.status_code)
    except (requests.RequestException, ValueError) as error:  # urllib3 raises ValueError for an invalid host or port
        return PostResult(None, f"no answer: {type(error).__name__}")


def may_post_to(url: str) -> bool:
    """Whether the host is this machine or in ``CALLBACK_HOSTS``: the sandbox must not reach other networks."""
    try:
        host = (urlsplit(url).hostname or "").lower()
    except ValueError:
        return False
    if host == "localhost" or host in {allowed.lower() for allowed in conf.callback_hosts}:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
