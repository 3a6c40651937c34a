from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection
from django.test import override_settings

from tests.live import Person
from tests.tcp_proxy import TcpProxy

ROOT = Path(__file__).parents[2]


@pytest.fixture
def proxy(lanck) -> Iterator[TcpProxy]:
    """The TCP proxy between the site and LANCK."""
    address = urlsplit(lanck.settings["BASE_URL"])
    proxy = TcpProxy(address.hostname, address.port)
    yield proxy
    proxy.close()


@pytest.fixture
def site(transactional_db, live_server, lanck, proxy) -> Iterator[str]:
    """The origin of a running site that calls ``lanck`` through ``proxy``."""
    live_server.thread.httpd.socket.listen(128)  # for many concurrent connections
    keys = {
        "BASE_URL": f"http://127.0.0.1:{proxy.port}/v1",
        "CALLBACK_BASE_URL": live_server.url,
        "CONNECT_TIMEOUT": 20,
        "READ_TIMEOUT": 20,
        "TOTAL_TIMEOUT": 30,
        "PURPOSES": {"signup": {"PUBLIC": True}, "own-code": {"PUBLIC": True, "CODE_SOURCE": "site"}},
    }
    with override_settings(LANCK={**lanck.settings, **keys}):
        yield live_server.url


@pytest.fixture
def with_lanck(site):
    """Return a context manager with other ``LANCK`` settings: ``with with_lanck(READ_TIMEOUT=1): …``."""
    return lambda **keys: override_settings(LANCK={**settings.LANCK, **keys})


@pytest.fixture
def people(site) -> Iterator[Iterator[Person]]:
    """An iterator of new people, each with an own number."""
    with contextlib.ExitStack() as stack:

        def new_people() -> Iterator[Person]:
            for last in range(113, 10_000):
                yield stack.enter_context(Person(site, f"+1201555{last:04}"))

        yield new_people()


@pytest.fixture
def person(people) -> Person:
    return next(people)


@contextlib.contextmanager
def worker(**options: Any) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run a process that serves the site on the test's database; return its origin and the process."""
    options_of_worker = {"DATABASE": connection.settings_dict, "LANCK": settings.LANCK, **options}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    with process:
        try:
            json.dump(options_of_worker, process.stdin, default=str)
            process.stdin.close()
            yield f"http://127.0.0.1:{int(process.stdout.readline())}", process
        finally:
            process.kill()
