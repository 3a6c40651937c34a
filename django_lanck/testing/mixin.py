from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from django.test import override_settings

from .fake import FakeLanck

if TYPE_CHECKING:
    from unittest import TestCase as Base
else:
    Base = object


@functools.cache
def shared_lanck() -> FakeLanck:
    """Return the server of the test run; each test resets it."""
    return FakeLanck()


class LanckMixin(Base):
    """Adds ``self.lanck`` to a test case: an empty :class:`FakeLanck`, which the settings ``LANCK`` use."""

    def setUp(self) -> None:
        super().setUp()
        self.lanck = shared_lanck()
        self.lanck.reset()
        override = override_settings(LANCK=self.lanck.settings)
        override.enable()
        self.addCleanup(override.disable)
