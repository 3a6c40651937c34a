from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import override_settings

from .fake import FakeLanck
from .mixin import shared_lanck


@pytest.fixture
def lanck() -> Iterator[FakeLanck]:
    """An empty FakeLanck that the site's settings point to."""
    fake = shared_lanck()
    fake.reset()
    with override_settings(LANCK=fake.settings):
        yield fake
