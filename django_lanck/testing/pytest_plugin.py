from __future__ import annotations

from typing import Any

import pytest

from .fake import FakeLanck
from .mixin import shared_lanck


@pytest.fixture
def lanck(settings: Any) -> FakeLanck:
    """An empty FakeLanck, which the settings ``LANCK`` use.

    pytest-django's ``settings`` restores them, together with the other settings of the test.
    """
    fake = shared_lanck()
    fake.reset()
    settings.LANCK = fake.settings
    return fake
