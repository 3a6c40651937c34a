"""How numbers are verified for one purpose: what is sent, how often, and to whom."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeAlias

from ..channels import CALLER_CODE_CHANNELS

PERIODS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
_RATE = re.compile(r"([1-9]\d{0,8})/([1-9]\d{0,3})? ?(second|minute|hour|day)s?")


class Rate(NamedTuple):
    """So many in so many seconds, counted from the first one."""

    most: int
    seconds: int


@lru_cache(maxsize=256)
def parse_rate(text: object) -> Rate | None:
    """``"5/hour"``, ``"20/10 minutes"`` → Rate; None for anything else."""
    found = _RATE.fullmatch(text) if isinstance(text, str) else None
    return Rate(int(found[1]), int(found[2] or 1) * PERIODS[found[3]]) if found else None


# What is counted → the most that is let through. A limit that has several has to be kept in all of them.
Limits: TypeAlias = Mapping[str, tuple[Rate, ...]]
RawLimits: TypeAlias = Mapping[str, Sequence[str]]

# Codes that are sent. ``prefix`` is a number without its last four digits.
LIMITS: Final[RawLimits] = {
    "number": ("5/hour", "10/day"),
    "number_purpose": (),
    "address": ("10/hour",),
    "user": ("10/hour", "20/day"),
    "session": ("10/hour",),
    "prefix": ("200/day",),
    "country": ("1000/day",),
    "site": ("5000/day",),
}
# Codes that are typed and wrong. Those of a user and those of strangers are counted apart.
CHECK_LIMITS: Final[RawLimits] = {
    "number": ("15/day",),
    "number_purpose": ("10/day",),
    "address": ("50/hour",),
    "site": ("5000/day",),
}
# Everything else that is sent: only what a loop gone wild would reach.
SEND_LIMITS: Final[RawLimits] = {"number": ("30/hour", "100/day"), "prefix": (), "country": (), "site": ()}

# Purposes that guard an account: whoever gets through is in. Such a purpose is stricter than the site, unless the
# purpose itself says otherwise.
STRICT_PURPOSES: Final = frozenset(["login", "recovery", "reset", "password_reset", "confirm"])
STRICT_NUMBER_PURPOSE: Final = "5/day"
SHORT_CODE_ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True)
class Profile:
    """How numbers are verified for one purpose. Times are seconds.

    ``methods`` are those of LANCK's codes, ``channels`` those of the site's own; ``code_source`` says whose code is
    sent where a start does not say. ``resend_waits`` is the ladder: how long to wait before the first resend, the
    second, and so on; after the last one no further resend is offered. ``limits`` are for codes that are sent,
    ``check_limits`` for wrong ones that are typed; None for no limits at all. ``countries`` are ISO codes, None for
    all. ``fraud_check`` and ``hlr_check`` are ``"off"``, ``"watch"`` or ``"block"``.
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
    """The profile of a purpose from its own keys, the site's, and the defaults, in this order."""
    strict = own.get("STRICT", purpose in STRICT_PURPOSES)

    def value(key: str) -> Any:
        if key in own:
            return own[key]
        usual = site.get(key, defaults[key])
        return STRICTER[key](usual) if strict and key in STRICTER else usual

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
        limits=merge_limits(_usual_limits(site, strict=strict), own.get("LIMITS", {})),
        check_limits=merge_limits(CHECK_LIMITS, site.get("CHECK_LIMITS", {}), own.get("CHECK_LIMITS", {})),
        countries=None if countries is None else frozenset(countries),
        fraud_check=value("FRAUD_CHECK"),
        hlr_check=value("HLR_CHECK"),
    )


def merge_limits(*layers: RawLimits | None) -> Limits | None:
    """The limits of which each layer replaces some of those before; None where the last that says anything is None."""
    merged = _merged(*layers)
    return None if merged is None else {name: _parsed(rates) for name, rates in merged.items()}


def _merged(*layers: RawLimits | None) -> RawLimits | None:
    merged: RawLimits | None = {}
    for layer in layers:
        merged = None if layer is None else merged if layer == {} else {**(merged or {}), **layer}
    return merged


def _parsed(rates: Sequence[str]) -> tuple[Rate, ...]:
    """The rates, of two for the same time the lower one: they would be one counter."""
    lowest: dict[int, Rate] = {}
    for rate in filter(None, map(parse_rate, rates)):
        lowest[rate.seconds] = min(rate, lowest.get(rate.seconds, rate))
    return tuple(lowest.values())


def _usual_limits(site: Mapping[str, Any], *, strict: bool) -> RawLimits | None:
    limits = _merged(LIMITS, site.get("LIMITS", {}))
    if limits is None or not strict:
        return limits
    return {**limits, "number_purpose": (*limits["number_purpose"], STRICT_NUMBER_PURPOSE)}


def _without_flash(methods: Sequence[str]) -> tuple[str, ...]:
    return tuple(method for method in methods if method not in CALLER_CODE_CHANNELS) or tuple(methods)


STRICTER: Final[Mapping[str, Any]] = {
    "METHODS": _without_flash,
    "CHANNELS": _without_flash,
    "CODE_LENGTH": lambda usual: max(usual, 6),
    "MAX_ATTEMPTS": lambda usual: min(usual, 3),
    "CODE_LIFETIME": lambda usual: min(usual, 300),
    "PROOF_LIFETIME": lambda usual: min(usual, 300),
}
