"""The settings of verifications: purposes with their profiles, and the site's own codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..channels import LANCK_CODE_CHANNELS, SITE_CODE_CHANNELS
from .base import Settings
from .profiles import Profile, make_profile

CODE_SOURCES = ("lanck", "site")

# The defaults of what the site and each purpose can set. Times are seconds.
PROFILE_DEFAULTS: Mapping[str, Any] = {
    "CODE_SOURCE": "lanck",
    "METHODS": LANCK_CODE_CHANNELS,
    "CHANNELS": SITE_CODE_CHANNELS,
    "CODE_LENGTH": 6,
    "MAX_ATTEMPTS": 5,
    "CODE_LIFETIME": 600,
    "PROOF_LIFETIME": 900,
    "RESEND_WAITS": (30, 40, 60, 90, 120),
    "COUNTRIES": None,
    "FRAUD_CHECK": "off",
    "HLR_CHECK": "off",
}
PROFILE_KEYS = frozenset([*PROFILE_DEFAULTS, "LIMITS", "CHECK_LIMITS"])
# Keys that only a purpose has.
PURPOSE_KEYS = frozenset(["PUBLIC", "STRICT"])

# The default purposes. The JSON API serves the public ones, the ready pages all of them.
PURPOSES: Mapping[str, Mapping[str, Any]] = {
    "signup": {"PUBLIC": True},
    "login": {},
    "change_number": {},
    "confirm": {},
}


class VerificationSettings(Settings):
    @property
    def purposes(self) -> Mapping[str, Mapping[str, Any]]:
        """Purpose → the keys of its profile that differ from the site's (``METHODS``, ``CODE_LENGTH`` …)."""
        return self._get("PURPOSES", PURPOSES)

    def public_purposes(self) -> list[str]:
        """Return the purposes that the JSON API serves."""
        return [purpose for purpose, own in self.purposes.items() if own.get("PUBLIC", False)]

    def profile(self, purpose: str) -> Profile:
        """Return the profile of a purpose. Raises KeyError for one that is not in ``PURPOSES``."""
        return make_profile(purpose, self.purposes[purpose], self.raw, PROFILE_DEFAULTS)

    def profile_of_started(self, purpose: str) -> Profile:
        """Return the profile of a started verification's purpose, which ``PURPOSES`` may no longer contain."""
        return make_profile(purpose, self.purposes.get(purpose, {}), self.raw, PROFILE_DEFAULTS)

    # The site's own codes

    @property
    def code_texts(self) -> Mapping[str, str]:
        """Language → a text with ``{code}``; the language ``""`` is for all others. Default: this app's own text."""
        return self._get("CODE_TEXTS", {})

    @property
    def code_host(self) -> str:
        """The host in the last line of a code's SMS, ``@host #code``, for autofill in browsers; empty for none."""
        return self._get("CODE_HOST", "")

    @property
    def code_flow(self) -> Sequence[Sequence[Any]]:
        """The steps of the channel ``failover``: ``(channel, wait, unless)``, and of the last one the channel alone."""
        return self._get("CODE_FLOW", (("push", 30, "delivered"), ("viber", 60, "delivered"), ("sms",)))
