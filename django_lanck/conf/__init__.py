"""The settings of this app: the dictionary ``LANCK`` in the site's settings.

Each property is one key, in capitals, and is read at use, so that ``override_settings`` works. Defaults are here and
nowhere else. ``django_lanck.checks`` reports every invalid value when the site starts.
"""

from __future__ import annotations

from .background import RETENTION, BackgroundSettings
from .connection import ConnectionSettings
from .formats import (
    CODE_LENGTHS,
    LANGUAGES,
    SENDER_LENGTH,
    is_access_token,
    is_base_url,
    is_loopback,
    lancks_language,
    parse_address,
)
from .guard import GuardSettings
from .interfaces import InterfaceSettings
from .verifications import CODE_SOURCES, PROFILE_KEYS, PURPOSE_KEYS, PURPOSES, VerificationSettings

__all__ = [
    "CODE_LENGTHS",
    "CODE_SOURCES",
    "KEYS",
    "LANGUAGES",
    "PROFILE_KEYS",
    "PURPOSES",
    "PURPOSE_KEYS",
    "RETENTION",
    "SENDER_LENGTH",
    "LanckSettings",
    "conf",
    "is_access_token",
    "is_base_url",
    "is_loopback",
    "lancks_language",
    "parse_address",
]

GROUPS = (ConnectionSettings, VerificationSettings, GuardSettings, BackgroundSettings, InterfaceSettings)
KEYS = PROFILE_KEYS | {
    name.upper() for group in GROUPS for name, value in vars(group).items() if isinstance(value, property)
}


class LanckSettings(ConnectionSettings, VerificationSettings, GuardSettings, BackgroundSettings, InterfaceSettings):
    """Typed view of ``settings.LANCK``."""


conf = LanckSettings()
