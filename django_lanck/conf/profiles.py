"""Profiles: the settings of a verification for one purpose."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeAlias

from ..channels import CALLER_CODE_CHANNELS
from .rules import CHECK_LIMITS, LIMITS, RawLimits

PERIODS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
_RATE = re.compile(r"([1-9]\d{0,8})/([1-9]\d{0,3})? ?(second|minute|hour|day)s?")


class Rate(NamedTuple):
    """At most ``most`` events in a window of ``seconds``, which begins with the first event."""

    most: int
    seconds: int


@lru_cache(maxsize=256)
def parse_rate(text: object) -> Rate | None:
    """Return the rate for ``"5/hour"`` or ``"20/10 minutes"``, or None for anything else."""
    found = _RATE.fullmatch(text) if isinstance(text, str) else None
    return Rate(int(found[1]), int(found[2] or 1) * PERIODS[found[3]]) if found else None


# Name of a rule → its rates. All rates of a rule apply.
Limits: TypeAlias = Mapping[str, tuple[Rate, ...]]
# Purposes that give access to an account. Their profiles are stricter than the site's, unless a purpose sets its own
# values.
STRICT_PURPOSES: Final = frozenset(["login", "recovery", "reset", "password_reset", "confirm"])
STRICT_NUMBER_PURPOSE: Final = "5/day"
SHORT_CODE_ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True)
class Profile:
    """The settings of verifications for one purpose. Times are seconds.

    ``methods`` are the channels for LANCK's codes, ``channels`` those for the site's codes; ``code_source`` is the
    default source. ``resend_waits`` is the ladder: the wait before the first resend, the second, and so on; after the
    last one no further resend is possible. ``limits`` count codes sent, ``check_limits`` wrong codes; None for no
    limits at all. ``countries`` are ISO codes, None for all. ``fraud_check`` and ``hlr_check`` are ``"off"``,
    ``"watch"`` or ``"block"``.
    """

    purpose: str
    public: bool
    code_source: str
    methods: tuple[str, ...]
    channels: tuple[str, ...]
    code_length: int
    max_attempts: int
    lifetime: int
    proof_lifetime: int
    resend_waits: tuple[int, ...]
    limits: Limits | None
    check_limits: Limits | None
    countries: frozenset[str] | None
    fraud_check: str
    hlr_check: str

    def methods_of(self, code_source: str) -> tuple[str, ...]:
        return self.methods if code_source == "lanck" else self.channels


def make_profile(purpose: str, own: Mapping[str, Any], site: Mapping[str, Any], defaults: Mapping[str, Any]) -> Profile:
    """Return the profile of a purpose. Its own keys come before the site's, and those before the defaults."""
    strict = own.get("STRICT", purpose in STRICT_PURPOSES)

    def value(key: str) -> Any:
        if key in own:
            return own[key]
        inherited = site.get(key, defaults[key])
        return STRICTER[key](inherited) if strict and key in STRICTER else inherited

    code_length = value("CODE_LENGTH")
    attempts = value("MAX_ATTEMPTS")
    if code_length < 6 and "MAX_ATTEMPTS" not in own:
        attempts = min(attempts, SHORT_CODE_ATTEMPTS)
    countries = value("COUNTRIES")
    return Profile(
        purpose=purpose,
        public=own.get("PUBLIC", False),
        code_source=value("CODE_SOURCE"),
        methods=tuple(value("METHODS")),
        channels=tuple(value("CHANNELS")),
        code_length=code_length,
        max_attempts=attempts,
        lifetime=value("CODE_LIFETIME"),
        proof_lifetime=value("PROOF_LIFETIME"),
        resend_waits=tuple(value("RESEND_WAITS")),
        limits=merge_limits(_site_limits(site, strict=strict), own.get("LIMITS", {})),
        check_limits=merge_limits(CHECK_LIMITS, site.get("CHECK_LIMITS", {}), own.get("CHECK_LIMITS", {})),
        countries=None if countries is None else frozenset(countries),
        fraud_check=value("FRAUD_CHECK"),
        hlr_check=value("HLR_CHECK"),
    )


def merge_limits(*layers: RawLimits | None) -> Limits | None:
    """Return merged limits. A later layer replaces rules of earlier ones; None if the last non-empty layer is None."""
    merged = _merged(*layers)
    return None if merged is None else {name: _parsed(rates) for name, rates in merged.items()}


def _merged(*layers: RawLimits | None) -> RawLimits | None:
    merged: RawLimits | None = {}
    for layer in layers:
        merged = None if layer is None else merged if layer == {} else {**(merged or {}), **layer}
    return merged


def _parsed(rates: Sequence[str]) -> tuple[Rate, ...]:
    """Return the parsed rates. Of two rates for the same time, which share a counter, the lower one applies."""
    lowest: dict[int, Rate] = {}
    for rate in filter(None, map(parse_rate, rates)):
        lowest[rate.seconds] = min(rate, lowest.get(rate.seconds, rate))
    return tuple(lowest.values())


def _site_limits(site: Mapping[str, Any], *, strict: bool) -> RawLimits | None:
    limits = _merged(LIMITS, site.get("LIMITS", {}))
    if limits is None or not strict:
        return limits
    return {**limits, "number_purpose": (*limits["number_purpose"], STRICT_NUMBER_PURPOSE)}


def _without_flash_calls(methods: Sequence[str]) -> tuple[str, ...]:
    return tuple(method for method in methods if method not in CALLER_CODE_CHANNELS) or tuple(methods)


# Key → the function that makes an inherited value stricter.
STRICTER: Final[Mapping[str, Any]] = {
    "METHODS": _without_flash_calls,
    "CHANNELS": _without_flash_calls,
    "CODE_LENGTH": lambda inherited: max(inherited, 6),
    "MAX_ATTEMPTS": lambda inherited: min(inherited, 3),
    "CODE_LIFETIME": lambda inherited: min(inherited, 300),
    "PROOF_LIFETIME": lambda inherited: min(inherited, 300),
}
