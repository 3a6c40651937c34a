from __future__ import annotations

import pytest

from django_lanck.models import LimitCounter, Message, Verification

pytest_plugins = ["django_lanck.testing.pytest_plugin"]

PHONE = "+12015550123"


@pytest.fixture(autouse=True)
def usual_language():
    """Activate ``LANGUAGE_CODE``: a request in another language leaves that language active in the thread."""
    from django.conf import settings
    from django.utils import translation

    translation.activate(settings.LANGUAGE_CODE)


@pytest.fixture
def phone() -> str:
    return PHONE


class Heard(list):
    """What a signal said, one dict of its arguments a time."""


@pytest.fixture
def heard():
    """Signal → everything it said from now on. Use as ``heard(signals.number_verified)``."""
    connected = []

    def listen(signal) -> Heard:
        said = Heard()

        def receiver(sender, signal=None, **arguments):
            said.append(arguments)

        signal.connect(receiver, weak=False)
        connected.append((signal, receiver))
        return said

    yield listen
    for signal, receiver in connected:
        signal.disconnect(receiver)


@pytest.fixture
def age():
    """Make a verification older, and all counters: the times are moved, not anybody's clock."""
    from datetime import timedelta

    from django.db.models import F

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
def limited(lanck):
    """The settings with the default limits, or with those given: ``limited(LIMITS={…})``."""
    from django.test import override_settings

    from tests.settings import NO_LIMITS

    usual = {key: value for key, value in lanck.settings.items() if key not in NO_LIMITS}
    overrides = []

    def limit(**keys):
        override = override_settings(LANCK={**usual, **keys})
        override.enable()
        overrides.append(override)

    limit()
    yield limit
    for override in reversed(overrides):
        override.disable()


@pytest.fixture
def unused_port() -> int:
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture
def breaker(lanck):
    """The settings of ``lanck``, with a breaker that has seen nothing yet, and that no other test sees."""
    from django_lanck.client.api import _client

    settings = {**lanck.settings}
    del settings["BREAKER_FAILURES"]
    _client.cache_clear()
    yield settings
    _client.cache_clear()


@pytest.fixture
def noon(settings):
    """The site stands where it is about noon: what happens before and after a moment is on the same day."""
    from datetime import UTC, datetime

    settings.TIME_ZONE = f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"
