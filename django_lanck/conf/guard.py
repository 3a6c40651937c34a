"""The settings of the guard: rules, limits, screening and test numbers. Those of a purpose are in its profile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from django.conf import settings as django_settings

from .base import Settings
from .profiles import Limits, merge_limits
from .rules import SEND_LIMITS

SCREENINGS: Final = ("off", "watch", "block")
# Kinds of number that charge the person who is called or belong to no person's phone. Satellite phones have no country.
REFUSED_LINE_TYPES: Final = "premium_rate shared_cost toll_free personal_number pager uan voicemail no_country".split()
LINE_TYPES: Final = (*REFUSED_LINE_TYPES, "voip")


class Conversion(NamedTuple):
    """The minimum conversion, in per cent, once ``after`` codes were sent in a day."""

    after: int
    percent: int


class FixedCode(NamedTuple):
    """The fixed code of a test number, to which nothing is sent, valid until the end of a day (UTC)."""

    code: str
    until: date
    purposes: tuple[str, ...]


class GuardSettings(Settings):
    @property
    def countries(self) -> frozenset[str] | None:
        """ISO codes of the countries that messages go to, unless a purpose has its own list; ``None`` for all."""
        countries = self._get("COUNTRIES", None)
        return None if countries is None else frozenset(countries)

    @property
    def send_limits(self) -> Limits | None:
        """The limits for all messages besides codes; ``None`` for no limits."""
        return merge_limits(SEND_LIMITS, self._get("SEND_LIMITS", {}))

    @property
    def watch(self) -> Sequence[str]:
        """The names of the rules that are watched: they count and report, but refuse nothing."""
        return self._get("WATCH", ("country_conversion",))

    @property
    def refused_line_types(self) -> Sequence[str]:
        """The kinds of number (``LINE_TYPES``) that are refused."""
        return self._get("REFUSED_LINE_TYPES", tuple(REFUSED_LINE_TYPES))

    @property
    def conversion(self) -> Mapping[str, Conversion]:
        """``prefix`` and ``country`` → the conversion that they need."""
        conversion = self._get("CONVERSION", {"prefix": (20, 10), "country": (300, 5)}) or {}
        return {name: Conversion(*numbers) for name, numbers in conversion.items()}

    @property
    def conversion_pause(self) -> int:
        """Seconds for which a prefix or a country with too low a conversion is paused."""
        return self._get("CONVERSION_PAUSE", 43_200)

    @property
    def trusted_proxies(self) -> Sequence[str] | None:
        """Networks of the proxies whose ``X-Forwarded-For`` is trusted; ``()`` for none; None where nothing is set."""
        return self._get("TRUSTED_PROXIES", None)

    @property
    def guard(self) -> str:
        """The dotted path of the site's own rule; empty for none."""
        return self._get("GUARD", "") or ""

    @property
    def screening_timeout(self) -> float:
        """Seconds that the fraud check and the HLR lookup before a code may take in total."""
        return self._get("SCREENING_TIMEOUT", 2.0)

    @property
    def screening_failed(self) -> str:
        """``"allow"`` or ``"refuse"``: whether a code is sent when LANCK does not answer the screening in time."""
        return self._get("SCREENING_FAILED", "allow")

    @property
    def refused_fraud_states(self) -> Sequence[str]:
        """The results of the fraud check for which no code is sent."""
        return self._get("REFUSED_FRAUD_STATES", ("FRAUDULENT",))

    @property
    def refused_hlr_states(self) -> Sequence[str]:
        """The results of the HLR lookup for which no code is sent."""
        return self._get("REFUSED_HLR_STATES", ("REJECTED",))

    @property
    def test_numbers(self) -> Mapping[str, FixedCode]:
        """Number in E.164 → its fixed code. Empty with ``DEBUG = False`` unless ``TEST_NUMBERS_IN_PRODUCTION``."""
        given: Mapping[str, Mapping[str, Any]] = self._get("TEST_NUMBERS", {})
        if not (self.test_numbers_in_production or django_settings.DEBUG):
            return {}
        return {number: _fixed_code(own) for number, own in given.items()}

    @property
    def test_numbers_in_production(self) -> bool:
        """Whether test numbers work with ``DEBUG = False``. Only True enables it."""
        return self._get("TEST_NUMBERS_IN_PRODUCTION", False) is True


def _fixed_code(own: Mapping[str, Any]) -> FixedCode:
    return FixedCode(own["CODE"], date.fromisoformat(str(own["UNTIL"])), tuple(own["PURPOSES"]))
