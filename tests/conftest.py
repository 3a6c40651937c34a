from __future__ import annotations

import gc
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db.models import F
from django.dispatch import Signal
from django.test import override_settings
from django.utils import translation

from django_lanck.models import LimitCounter, Message, Verification
from tests.helpers import PHONE
from tests.settings import NO_LIMITS

pytest_plugins = ["django_lanck.testing.pytest_plugin"]
TEMPORARY_FOLDER = pytest.StashKey[str]()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Put all temporary files of the run into one folder; workers of pytest-xdist get theirs inside it."""
    if not config.option.basetemp:
        config.option.basetemp = config.stash[TEMPORARY_FOLDER] = tempfile.mkdtemp(prefix="django-lanck-")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove that folder, also after failures and Ctrl-C; give ``--basetemp`` to look at the files."""
    if folder := config.stash.get(TEMPORARY_FOLDER, None):
        shutil.rmtree(folder, ignore_errors=True)


def pytest_collection_finish() -> None:
    """Leave what is imported and collected by now out of all garbage collections: it stays until the end."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings, tmp_path_factory) -> None:
    """Make the SQLite database a file of this worker.

    On PostgreSQL and MariaDB pytest-django appends the worker's name to the name of the database.
    """
    default = settings.DATABASES["default"]
    if default["ENGINE"].endswith("sqlite3"):
        default.setdefault("TEST", {})["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


@pytest.fixture(autouse=True)
def default_language():
    """Activate ``LANGUAGE_CODE``: a request in another language leaves that language active in the thread."""
    translation.activate(settings.LANGUAGE_CODE)


@pytest.fixture
def phone() -> str:
    return PHONE


@pytest.fixture
def record_signal() -> Iterator[Callable[[Signal], list[dict[str, Any]]]]:
    """Return a list that gets the arguments of each sending of a signal: ``record_signal(signals.number_verified)``."""
    connected = []

    def record(signal: Signal) -> list[dict[str, Any]]:
        sent: list[dict[str, Any]] = []

        def receiver(sender, signal=None, **arguments):
            sent.append(arguments)

        signal.connect(receiver, weak=False)
        connected.append((signal, receiver))
        return sent

    yield record
    for signal, receiver in connected:
        signal.disconnect(receiver)


@pytest.fixture
def backdate():
    """Make a verification, its messages and all limit counters older: ``backdate(verification, seconds)``.

    The stored times are moved into the past; clocks are not changed.
    """

    def move(verification: Verification, seconds: float) -> None:
        shift = timedelta(seconds=seconds)
        Verification.objects.filter(pk=verification.pk).update(
            created_at=F("created_at") - shift,
            expires_at=F("expires_at") - shift,
            resend_at=F("resend_at") - shift,
            ended_at=F("ended_at") - shift,
            proof_expires_at=F("proof_expires_at") - shift,
        )
        Message.objects.filter(verification=verification).update(created_at=F("created_at") - shift)
        LimitCounter.objects.update(not_before=F("not_before") - shift, ends_at=F("ends_at") - shift)

    return move


@pytest.fixture
def enable_limits(lanck):
    """Use the default limits, which ``tests.settings`` turns off; ``enable_limits(LIMITS={…})`` sets other ones."""
    defaults = {key: value for key, value in lanck.settings.items() if key not in NO_LIMITS}
    overrides = []

    def enable(**keys):
        override = override_settings(LANCK={**defaults, **keys})
        override.enable()
        overrides.append(override)

    enable()
    yield enable
    for override in reversed(overrides):
        override.disable()


@pytest.fixture
def unused_port() -> int:
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture
def breaker_settings(lanck):
    """The ``LANCK`` settings of ``lanck`` with the circuit breaker on, and a breaker without failures so far."""
    from django_lanck.client.api import _client

    settings = {**lanck.settings}
    del settings["BREAKER_FAILURES"]
    _client.cache_clear()
    yield settings
    _client.cache_clear()


@pytest.fixture
def noon(settings):
    """Set the site's time zone so that it is about noon: an hour earlier or later is still the same day."""
    settings.TIME_ZONE = f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"
