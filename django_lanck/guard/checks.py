"""System checks of the guard's settings, and of what should not be so on a site that people use."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Collection, Mapping
from datetime import date
from typing import Any, Final

import phonenumbers
from django.conf import settings
from django.core.checks import Warning
from django.utils.module_loading import import_string

from ..channels import CALLER_CODE_CHANNELS
from ..conf import conf, is_loopback, parse_address
from ..conf.guard import LINE_TYPES, SCREENINGS
from ..conf.profiles import STRICT_PURPOSES, parse_rate
from ..conf.rules import CHECK_LIMITS, CONVERSION_RULES, LIMITS, RULES, SEND_LIMITS
from ..models.number import mask_number
from ..values import Found, error, is_list, is_number, is_text, is_whole, some_of
from .address import UNIX

FIXED_CODE: Final = re.compile(r"[0-9]{4,6}")
TEST_NUMBER_KEYS: Final = frozenset(["CODE", "UNTIL", "PURPOSES"])
MOST_STRICT_ATTEMPTS: Final = 5


def _are_limits(names: Collection[str]) -> Callable[[Any], bool]:
    def fits(value: Any) -> bool:
        return value is None or (
            isinstance(value, Mapping)
            and all(name in names and is_list(rates, _is_rate) for name, rates in value.items())
        )

    return fits


def _is_rate(text: object) -> bool:
    return isinstance(text, str) and parse_rate(text) is not None


def _limits_hint(names: Collection[str]) -> str:
    return (
        "Such as {'number': ['5/hour', '20/10 minutes']}, None for no limits at all. "
        f"What can be limited is {', '.join(names)}."
    )


def _are_countries(value: Any) -> bool:
    return value is None or some_of(phonenumbers.SUPPORTED_REGIONS)(value)


SCREENING_HINT: Final = f"It is one of {', '.join(map(repr, SCREENINGS))}."
PROFILE_VALUES: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = {
    "LIMITS": (_are_limits(LIMITS), _limits_hint(LIMITS)),
    "CHECK_LIMITS": (_are_limits(CHECK_LIMITS), _limits_hint(CHECK_LIMITS)),
    "COUNTRIES": (_are_countries, "It is a list of ISO codes such as ['US', 'DE'], None for all countries."),
    "FRAUD_CHECK": (SCREENINGS.__contains__, SCREENING_HINT),
    "HLR_CHECK": (SCREENINGS.__contains__, SCREENING_HINT),
    "STRICT": (lambda value: isinstance(value, bool), "It is True or False."),
}


def check_send_limits() -> Found:
    if not _are_limits(SEND_LIMITS)(conf.raw.get("SEND_LIMITS")):
        yield error(35, "LANCK['SEND_LIMITS'] is no dictionary of limits.", _limits_hint(SEND_LIMITS))


def check_watch() -> Found:
    if not is_list(conf.watch, tuple(RULES).__contains__):
        yield error(36, "LANCK['WATCH'] is no list of rules.", f"The rules are {', '.join(RULES)}.")


def check_line_types() -> Found:
    if not is_list(conf.refused_line_types, LINE_TYPES.__contains__):
        hint = f"The kinds of number are {', '.join(LINE_TYPES)}."
        yield error(37, "LANCK['REFUSED_LINE_TYPES'] is no list of kinds of number.", hint)


def check_conversion() -> Found:
    value = conf.raw.get("CONVERSION") or {}
    fits = isinstance(value, Mapping) and all(
        name in CONVERSION_RULES and _is_conversion(numbers) for name, numbers in value.items()
    )
    if not fits:
        hint = "Such as {'prefix': (20, 10)}: of 20 codes in a day, 10 per cent have to come back."
        yield error(38, "LANCK['CONVERSION'] is no dictionary of a number of codes and a percentage.", hint)
    if not is_whole(conf.conversion_pause, 1):
        yield error(39, "LANCK['CONVERSION_PAUSE'] is not a time.", "It is a whole number of seconds.")


def _is_conversion(numbers: object) -> bool:
    if not isinstance(numbers, list | tuple) or len(numbers) != 2:
        return False
    return is_whole(numbers[0], 1) and is_whole(numbers[1], 1, 100)


def check_trusted_proxies() -> Found:
    value = conf.trusted_proxies
    if value is not None and not is_list(value, _is_network):
        hint = "Such as ['10.0.0.0/8'], 'unix:' for a proxy that is connected by a Unix socket, [] for a site without."
        yield error(40, "LANCK['TRUSTED_PROXIES'] is no list of networks.", hint)


def _is_network(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        return value == UNIX or bool(ipaddress.ip_network(value))
    except ValueError:
        return False


def check_guard() -> Found:
    value = conf.raw.get("GUARD") or ""
    try:
        fits = not value or callable(import_string(value))
    except (ImportError, AttributeError, TypeError, ValueError):
        fits = False
    if not fits:
        hint = "It is the dotted path of a function that takes an Attempt, such as 'shop.guard.ask_for_captcha'."
        yield error(41, "LANCK['GUARD'] is nothing that can be imported and called.", hint)


def check_screening() -> Found:
    if not is_number(conf.screening_timeout, above=0):
        yield error(42, "LANCK['SCREENING_TIMEOUT'] is not a time.", "It is a number of seconds above 0.")
    if conf.screening_failed not in ("allow", "refuse"):
        yield error(42, "LANCK['SCREENING_FAILED'] does not fit.", "It is 'allow' or 'refuse'.")
    for key, value in (
        ("REFUSED_FRAUD_STATES", conf.refused_fraud_states),
        ("REFUSED_HLR_STATES", conf.refused_hlr_states),
    ):
        if not is_list(value, is_text):
            hint = "Such as ['FRAUDULENT', 'SUSPICIOUS'] for the fraud check, ['REJECTED'] for the HLR lookup."
            yield error(43, f"LANCK['{key}'] is no list of LANCK's words.", hint)


def check_test_numbers() -> Found:
    given = conf.raw.get("TEST_NUMBERS") or {}
    for number, own in given.items() if isinstance(given, Mapping) else [("", None)]:
        if not (_is_e164(number) and _is_fixed_code(own)):
            hint = (
                "Such as {'+12015550123': {'CODE': '424242', 'UNTIL': '2026-12-31', 'PURPOSES': ['signup']}}: a valid "
                "number, 4 to 6 digits, the last day, and purposes that are in PURPOSES."
            )
            yield error(44, f"LANCK['TEST_NUMBERS'] does not fit ({mask_number(str(number))}).", hint)
    if given and not (settings.DEBUG or conf.test_numbers_in_production):
        hint = "Take them out, or set TEST_NUMBERS_IN_PRODUCTION to True while somebody reviews the app."
        yield error(45, "There are test numbers, but DEBUG is off.", hint)
    if not isinstance(conf.raw.get("TEST_NUMBERS_IN_PRODUCTION", False), bool):
        hint = "Set it to one of them."
        yield error(46, "LANCK['TEST_NUMBERS_IN_PRODUCTION'] is neither True nor False, so it is off.", hint)


def _is_e164(value: object) -> bool:
    try:
        parsed = phonenumbers.parse(str(value))
    except phonenumbers.NumberParseException:
        return False
    e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return value == e164 and phonenumbers.is_valid_number(parsed)


def _is_fixed_code(own: object) -> bool:
    if not isinstance(own, Mapping) or set(own) != TEST_NUMBER_KEYS or not isinstance(conf.purposes, Mapping):
        return False
    code, purposes = own["CODE"], own["PURPOSES"]
    return (
        isinstance(code, str)
        and bool(FIXED_CODE.fullmatch(code))
        and _is_day(own["UNTIL"])
        and is_list(purposes, lambda purpose: isinstance(purpose, str) and purpose in conf.purposes)
    )


def _is_day(value: object) -> bool:
    try:
        return bool(date.fromisoformat(str(value)))
    except ValueError:
        return False


def check_open_countries() -> Found:
    purposes = conf.purposes.values() if isinstance(conf.purposes, Mapping) else ()
    own = [purpose["COUNTRIES"] for purpose in purposes if isinstance(purpose, Mapping) and "COUNTRIES" in purpose]
    if any(countries is None for countries in (conf.raw.get("COUNTRIES"), *own)):
        yield Warning(
            "LANCK['COUNTRIES'] is open: codes go to every country, also where they cost most and nobody needs one.",
            hint="List the countries where your people are, such as ['US', 'CA'].",
            id="django_lanck.W005",
        )


CHECKS: Final = (
    check_send_limits,
    check_watch,
    check_line_types,
    check_conversion,
    check_trusted_proxies,
    check_guard,
    check_screening,
    check_test_numbers,
    check_open_countries,
)


# For check --deploy: settings that fit, but not where people are.


def deploy_proxies() -> Found:
    if conf.trusted_proxies is None:
        yield Warning(
            "LANCK['TRUSTED_PROXIES'] is not set, so limits by address only watch where a private address connects.",
            hint="List the networks of your proxies, such as ['10.0.0.0/8']; set it to [] for a site without.",
            id="django_lanck.W006",
        )


def deploy_limits() -> Found:
    profiles = [conf.profile(purpose) for purpose in conf.purposes]
    off = [profile.purpose for profile in profiles if profile.limits is None or profile.check_limits is None]
    watched = [rule.name for rule in RULES.values() if rule.is_essential and rule.name in conf.watch]
    if off:
        yield Warning(
            f"There are no limits for {', '.join(map(repr, off))}.",
            hint="Whoever likes may send codes at your cost, or try codes. Leave LIMITS and CHECK_LIMITS out.",
            id="django_lanck.W007",
        )
    if watched:
        yield Warning(
            f"The limits {', '.join(map(repr, watched))} only watch.",
            hint="Take them out of WATCH once you have seen that they turn away nobody whom you want.",
            id="django_lanck.W007",
        )


def deploy_strict_purposes() -> Found:
    for purpose, own in conf.purposes.items():
        profile = conf.profile(purpose)
        loose = (
            profile.max_attempts > MOST_STRICT_ATTEMPTS
            or profile.code_length < 6
            or not CALLER_CODE_CHANNELS.isdisjoint([*profile.methods, *profile.channels])
        )
        if loose and (purpose in STRICT_PURPOSES or own.get("STRICT")):
            yield Warning(
                f"The purpose {purpose!r} lets people into an account, but its codes are easy to guess.",
                hint="Leave out what makes it looser: more than 5 attempts, fewer than 6 digits, flash calls.",
                id="django_lanck.W008",
            )


def deploy_test_numbers() -> Found:
    if conf.test_numbers:
        yield Warning(
            f"{len(conf.test_numbers)} test numbers have a fixed code.",
            hint="Take them out when nobody reviews the app any more.",
            id="django_lanck.W009",
        )


def deploy_callbacks() -> Found:
    parts = parse_address(conf.callback_base_url)
    if parts and parts.scheme != "https":
        hint = "Set it to the https address of this site."
        yield error(48, "LANCK['CALLBACK_BASE_URL'] is not https: receipts would come in the clear.", hint)


def deploy_base_url() -> Found:
    parts = parse_address(conf.base_url)
    if parts and is_loopback(parts.hostname or ""):
        hint = "Set it to 'https://HOST/v1' of your account."
        yield error(49, "LANCK['BASE_URL'] is on this machine: a sandbox, and no code reaches a phone.", hint)


DEPLOY_CHECKS: Final = (
    deploy_proxies,
    deploy_limits,
    deploy_strict_purposes,
    deploy_test_numbers,
    deploy_callbacks,
    deploy_base_url,
)
