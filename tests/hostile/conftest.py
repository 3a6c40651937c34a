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
    """The origin of the site, with the sandbox as its LANCK, over real HTTP."""
    live_server.thread.httpd.socket.listen(128)  # for many concurrent connections
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
    """Return a function that creates a person with a browser and a phone: ``person("+12015550123")``."""
    return lambda number="+12015550123": Person(site, number)


@pytest.fixture
def sandbox_requests():
    """The paths of the requests to the sandbox, in order: ``verify``, ``verify/check`` …"""
    paths: list[str] = []

    def record(environ=None, **_arguments):
        if environ and environ["PATH_INFO"].startswith(SANDBOX):
            paths.append(environ["PATH_INFO"].removeprefix(SANDBOX))

    request_started.connect(record)
    yield paths
    request_started.disconnect(record)


@pytest.fixture
def use_lanck_at(settings):
    """Return a function that makes the site call a LANCK at another URL: ``use_lanck_at(server.url)``."""

    def use(url: str, **keys: object) -> None:
        timeouts = {"CONNECT_TIMEOUT": 5, "READ_TIMEOUT": 5, "TOTAL_TIMEOUT": 8, "RATE_LIMIT_WAIT": 0}
        urls = {"BASE_URL": url, "CALLBACK_BASE_URL": "https://www.example.com"}
        settings.LANCK = {**settings.LANCK, **timeouts, **urls, **keys}

    return use


def check(person: Person, code: object) -> requests.Response:
    """Check a code over a connection of its own, so that several threads can act as the same person."""
    return requests.post(f"{person.url}check/", json={"code": code}, cookies=person.session.cookies, timeout=60)


def binding_of(person: Person) -> str:
    """Return the binding of the verifications that a person starts."""
    browser = Client()
    browser.cookies["sessionid"] = person.session.cookies["sessionid"]
    return f"session:{browser.session['lanck_binding']}"
