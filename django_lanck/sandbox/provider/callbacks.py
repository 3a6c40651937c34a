"""Posting to the site's own addresses: JSON with the content type of LANCK's page, and only to hosts that may be."""

from __future__ import annotations

import ipaddress
import json
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import requests

from ..conf import conf
from .delivery import Payload

CONTENT_TYPE: Final = "json/application"  # as LANCK's page has it
TIMEOUTS: Final = (2, 5)
NOT_ALLOWED: Final = "not posted: the host is neither this machine nor in CALLBACK_HOSTS"


class Answer(NamedTuple):
    """How the site answered. ``problem`` says why there is no ``http_status``."""

    http_status: int | None
    problem: str = ""

    @property
    def taken(self) -> bool:
        return self.http_status is not None and 200 <= self.http_status < 300


def post(url: str, payload: Payload) -> Answer:
    if not may_post_to(url):
        return Answer(None, NOT_ALLOWED)
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(
                url,
                data=json.dumps(payload).encode(),
                headers={"Content-Type": CONTENT_TYPE, "User-Agent": "LANCK-sandbox"},
                timeout=TIMEOUTS,
                allow_redirects=False,
                stream=True,  # the body is of no interest
            )
            answer.close()
            return Answer(answer.status_code)
    except (
        requests.RequestException,
        ValueError,
    ) as problem:  # ValueError: a port or host that urllib3 refuses
        return Answer(None, f"no answer: {type(problem).__name__}")


def may_post_to(url: str) -> bool:
    """Only this machine and the hosts of the setting: the sandbox must not reach into anybody's network."""
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
