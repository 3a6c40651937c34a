import pytest
from django.test import override_settings

from django_lanck.models import Message
from django_lanck.services import send_sms
from tests.services.maintenance.messages import FAST, age


@pytest.fixture
def fast(lanck):
    """Make background work wait for nothing."""
    with override_settings(LANCK={**lanck.settings, **FAST}):
        yield


@pytest.fixture
def send_text(lanck, phone):
    """Send a text and move it into the past: ``send_text(seconds=301)``. Clears ``lanck.requests``."""

    def send(seconds: float = 301, **arguments) -> Message:
        message = send_sms(number=phone, text="Hi", **arguments)
        age(message, seconds)
        lanck.requests.clear()
        return message

    return send
