from __future__ import annotations

import pytest
import requests
from django.core.signals import request_started
from django.test import Client

from django_lanck.sandbox.provider import receipts
from tests.live import Person

SANDBOX = "/sandbox/v1/"


@pytest.fixture
def site(live_server, settings):
    """The site and the sandbox that it asks, over real HTTP."""
    live_server.thread.httpd.socket.listen(128)  # many come at once; a full queue resets connections
    settings.LANCK = {
        **settings.LANCK,
        "ACCESS_TOKEN": "sandbox:sandbox",
        "BASE_URL": f"{live_server.url}/sandbox/v1",
        "CALLBACK_BASE_URL": live_server.url,
    }
    settings.LANCK_SANDBOX = {"ALLOW_WITHOUT_DEBUG": True, "RECEIPT_DELAY": 0.02, "REQUESTS_PER_SECOND": 10_000}
    yield live_server.url
    receipts.wait()
    receipts.clear()


@pytest.fixture
def person(site):
    """Makes someone with a browser and a phone: ``person("+12015550123")``."""
    return lambda number="+12015550123": Person(site, number)


@pytest.fixture
def asked():
    """What the sandbox was asked for, in order: ``verify``, ``verify/check`` …"""
    paths: list[str] = []

    def note(environ=None, **_arguments):
        if environ and environ["PATH_INFO"].startswith(SANDBOX):
            paths.append(environ["PATH_INFO"].removeprefix(SANDBOX))

    request_started.connect(note)
    yield paths
    request_started.disconnect(note)


@pytest.fixture
def at(settings):
    """Lets the site ask the LANCK that answers at an address: ``at(server.url)``."""

    def point(url: str, **keys: object) -> None:
        fast = {"CONNECT_TIMEOUT": 5, "READ_TIMEOUT": 5, "TOTAL_TIMEOUT": 8, "RATE_LIMIT_WAIT": 0}
        address = {"BASE_URL": url, "CALLBACK_BASE_URL": "https://www.example.com"}
        settings.LANCK = {**settings.LANCK, **fast, **address, **keys}

    return point


def check(person: Person, code: object) -> requests.Response:
    """One check over a connection of its own, so that many threads can be the same person."""
    return requests.post(f"{person.url}check/", json={"code": code}, cookies=person.session.cookies, timeout=60)


def binding_of(person: Person) -> str:
    """What a proof that somebody got by the API is bound to."""
    browser = Client()
    browser.cookies["sessionid"] = person.session.cookies["sessionid"]
    return f"session:{browser.session['lanck_binding']}"
