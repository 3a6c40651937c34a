"""The settings of the guard: who may be sent what, and how often. Those of a purpose are in its profile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from django.conf import settings as django_settings

from .base import Settings
from .profiles import SEND_LIMITS, Limits, merge_limits

SCREENINGS: Final = ("off", "watch", "block")
# What the rules are called in WATCH, in the counts of refusals and in the signal.
RULES: Final = (
    "number number_purpose address user session prefix country site ladder prefix_conversion country_conversion "
    "country_list line_type guard"
).split()
# Kinds of number that cost the one who is called or lead to no person's phone; satellite phones have no country.
REFUSED_LINE_TYPES: Final = "premium_rate shared_cost toll_free personal_number pager uan voicemail no_country".split()
LINE_TYPES: Final = (*REFUSED_LINE_TYPES, "voip")


class Conversion(NamedTuple):
    """After so many codes in a day, at least so many per cent have to have come back."""

    after: int
    percent: int


class FixedCode(NamedTuple):
    """A number whose code is fixed and not sent, until the end of a day (UTC)."""

    code: str
    until: date
    purposes: tuple[str, ...]


class GuardSettings(Settings):
    @property
    def countries(self) -> frozenset[str] | None:
        """ISO codes of the countries that anything is sent to, where no purpose says otherwise; ``None`` for all."""
        countries = self._get("COUNTRIES", None)
        return None if countries is None else frozenset(countries)

    @property
    def send_limits(self) -> Limits | None:
        """Limits for everything sent besides codes; ``None`` for none."""
        return merge_limits(SEND_LIMITS, self._get("SEND_LIMITS", {}))

    @property
    def watch(self) -> Sequence[str]:
        """The rules that count and tell what they would refuse, and let it through."""
        return self._get("WATCH", ("country_conversion",))

    @property
    def refused_line_types(self) -> Sequence[str]:
        """Kinds of number (``LINE_TYPES``) that nothing is sent to."""
        return self._get("REFUSED_LINE_TYPES", tuple(REFUSED_LINE_TYPES))

    @property
    def conversion(self) -> Mapping[str, Conversion]:
        """``prefix`` and ``country`` → codes sent in a day, and the percentage of them that has to be verified."""
        usual = {"prefix": (20, 10), "country": (300, 5)}
        own = self._get("CONVERSION", usual) or {}
        return {name: Conversion(*numbers) for name, numbers in own.items()}

    @property
    def conversion_pause(self) -> int:
        """Seconds for which a prefix or a country that does not convert is paused."""
        return self._get("CONVERSION_PAUSE", 43_200)

    @property
    def trusted_proxies(self) -> Sequence[str] | None:
        """Networks of the proxies whose ``X-Forwarded-For`` is believed; ``()`` for a site without; None: not said."""
        return self._get("TRUSTED_PROXIES", None)

    @property
    def guard(self) -> str:
        """Dotted path of the site's own rule; empty for none."""
        return self._get("GUARD", "") or ""

    @property
    def screening_timeout(self) -> float:
        """Seconds that the fraud check and the HLR lookup before a code may take together."""
        return self._get("SCREENING_TIMEOUT", 2.0)

    @property
    def screening_failed(self) -> str:
        """``"allow"`` or ``"refuse"``: what happens when LANCK does not say in time what it knows of a number."""
        return self._get("SCREENING_FAILED", "allow")

    @property
    def refused_fraud_states(self) -> Sequence[str]:
        """Answers of the fraud check after which no code is sent."""
        return self._get("REFUSED_FRAUD_STATES", ("FRAUDULENT",))

    @property
    def refused_hlr_states(self) -> Sequence[str]:
        """Answers of the HLR lookup after which no code is sent."""
        return self._get("REFUSED_HLR_STATES", ("REJECTED",))

    @property
    def test_numbers(self) -> Mapping[str, FixedCode]:
        """E.164 → what is fixed for it. Empty with ``DEBUG = False`` unless ``TEST_NUMBERS_IN_PRODUCTION``."""
        given: Mapping[str, Mapping[str, Any]] = self._get("TEST_NUMBERS", {})
        if not (self.test_numbers_in_production or django_settings.DEBUG):
            return {}
        return {number: _fixed_code(own) for number, own in given.items()}

    @property
    def test_numbers_in_production(self) -> bool:
        """Whether there are test numbers with ``DEBUG = False``. Only True switches it on."""
        return self._get("TEST_NUMBERS_IN_PRODUCTION", False) is True


def _fixed_code(own: Mapping[str, Any]) -> FixedCode:
    return FixedCode(own["CODE"], date.fromisoformat(str(own["UNTIL"])), tuple(own["PURPOSES"]))
