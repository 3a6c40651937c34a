from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from django.conf import settings as django_settings

T = TypeVar("T")


class Settings:
    """A view of ``settings.LANCK``. Each property reads its key at use, so that ``override_settings`` works."""

    @property
    def raw(self) -> Mapping[str, Any]:
        return getattr(django_settings, "LANCK", {})

    def _get(self, key: str, default: T) -> T:
        value: T = self.raw.get(key, default)
        return value
