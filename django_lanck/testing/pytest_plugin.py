from __future__ import annotations

from typing import Any

import pytest

from .fake import FakeLanck
from .mixin import shared_lanck


@pytest.fixture
def lanck(settings: Any) -> FakeLanck:
    """An empty FakeLanck that the site's settings point to.

    They are put back by pytest-django's ``settings``, so that whatever else a test sets by it comes off in its order.
    """
    fake = shared_lanck()
    fake.reset()
    settings.LANCK = fake.settings
    return fake
