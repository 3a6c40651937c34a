"""The valid values of a profile's keys, for the site and for each purpose."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

import phonenumbers

from ..channels import LANCK_CODE_CHANNELS, SITE_CODE_CHANNELS
from ..conf import CODE_LENGTHS, CODE_SOURCES
from ..conf.guard import SCREENINGS
from ..conf.profiles import parse_rate
from ..conf.rules import CHECK_LIMITS, LIMITS
from ..values import is_list, is_whole, one_of, some_of


def are_limits(names: Collection[str]) -> Callable[[Any], bool]:
    """Return a test for a dictionary of limits of these names, or None."""

    def is_valid(value: Any) -> bool:
        return value is None or (
            isinstance(value, Mapping)
            and all(name in names and is_list(rates, _is_rate) for name, rates in value.items())
        )

    return is_valid


def _is_rate(text: object) -> bool:
    return isinstance(text, str) and parse_rate(text) is not None


def limits_hint(names: Collection[str]) -> str:
    return (
        "Such as {'number': ['5/hour', '20/10 minutes']}, or None for no limits at all. "
        f"The limits are {', '.join(names)}."
    )


def _are_countries(value: Any) -> bool:
    return value is None or some_of(phonenumbers.SUPPORTED_REGIONS)(value)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_time(value: Any) -> bool:
    return is_whole(value, 1)


_SCREENING: Final = (one_of(SCREENINGS), f"It is one of {', '.join(map(repr, SCREENINGS))}.")
# Key → a test of its value, and a hint.
PROFILE_VALUES: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = {
    "METHODS": (
        some_of(LANCK_CODE_CHANNELS),
        f"It is a list of some of {', '.join(map(repr, LANCK_CODE_CHANNELS))}; the first one is the default.",
    ),
    "CHANNELS": (
        some_of(SITE_CODE_CHANNELS),
        f"It is a list of some of {', '.join(map(repr, SITE_CODE_CHANNELS))}; the first one is the default.",
    ),
    "CODE_SOURCE": (one_of(CODE_SOURCES), "It is 'lanck' or 'site'."),
    "CODE_LENGTH": (lambda value: is_whole(value, min(CODE_LENGTHS), max(CODE_LENGTHS)), "It is 4, 5 or 6."),
    "MAX_ATTEMPTS": (lambda value: is_whole(value, 1, 100), "It is a whole number from 1 to 100."),
    "CODE_LIFETIME": (_is_time, "It is a whole number of seconds."),
    "PROOF_LIFETIME": (_is_time, "It is a whole number of seconds."),
    "RESEND_WAITS": (
        lambda value: is_list(value, lambda wait: is_whole(wait, 0)),
        "It is a list of whole seconds: the wait before the first resend, the second, and so on.",
    ),
    "PUBLIC": (_is_flag, "It is True or False."),
    "LIMITS": (are_limits(LIMITS), limits_hint(LIMITS)),
    "CHECK_LIMITS": (are_limits(CHECK_LIMITS), limits_hint(CHECK_LIMITS)),
    "COUNTRIES": (_are_countries, "It is a list of ISO codes such as ['US', 'DE'], or None for all countries."),
    "FRAUD_CHECK": _SCREENING,
    "HLR_CHECK": _SCREENING,
    "STRICT": (_is_flag, "It is True or False."),
}
