"""Checks of the guard: rules, limits, proxies and screening."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from django.core.checks import Warning

from ..conf import conf
from ..conf.guard import LINE_TYPES
from ..conf.rules import CONVERSION_RULES, RULES, SEND_LIMITS
from ..guard.address import UNIX
from ..values import CheckMessages, error, is_list, is_number, is_path_of_function, is_text, is_whole, one_of
from .profiles import are_limits, limits_hint


def check_send_limits() -> CheckMessages:
    if not are_limits(SEND_LIMITS)(conf.raw.get("SEND_LIMITS")):
        yield error(35, "LANCK['SEND_LIMITS'] is not a dictionary of limits.", limits_hint(SEND_LIMITS))


def check_watch() -> CheckMessages:
    if not is_list(conf.watch, one_of(RULES)):
        yield error(36, "LANCK['WATCH'] is not a list of rules.", f"The rules are {', '.join(RULES)}.")


def check_line_types() -> CheckMessages:
    if not is_list(conf.refused_line_types, one_of(LINE_TYPES)):
        hint = f"The kinds of number are {', '.join(LINE_TYPES)}."
        yield error(37, "LANCK['REFUSED_LINE_TYPES'] is not a list of kinds of number.", hint)


def check_conversion() -> CheckMessages:
    value = conf.raw.get("CONVERSION") or {}
    is_valid = isinstance(value, Mapping) and all(
        name in CONVERSION_RULES and _is_conversion(numbers) for name, numbers in value.items()
    )
    if not is_valid:
        hint = "Such as {'prefix': (20, 10)}: after 20 codes in a day, 10 per cent have to be verified."
        yield error(38, "LANCK['CONVERSION'] is not a dictionary of a number of codes and a percentage.", hint)
    if not is_whole(conf.conversion_pause, 1):
        yield error(39, "LANCK['CONVERSION_PAUSE'] is not a time.", "It is a whole number of seconds.")


def _is_conversion(numbers: object) -> bool:
    if not isinstance(numbers, list | tuple) or len(numbers) != 2:
        return False
    return is_whole(numbers[0], 1) and is_whole(numbers[1], 1, 100)


def check_trusted_proxies() -> CheckMessages:
    value = conf.trusted_proxies
    if value is not None and not is_list(value, _is_network):
        hint = (
            "Such as ['10.0.0.0/8'], 'unix:' for a proxy that connects by a Unix socket, [] for a site without proxies."
        )
        yield error(40, "LANCK['TRUSTED_PROXIES'] is not a list of networks.", hint)


def _is_network(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        return value == UNIX or bool(ipaddress.ip_network(value))
    except ValueError:
        return False


def check_guard() -> CheckMessages:
    if not is_path_of_function(conf.raw.get("GUARD")):
        hint = "It is the dotted path of a function that takes an Attempt, such as 'shop.guard.ask_for_captcha'."
        yield error(41, "LANCK['GUARD'] cannot be imported and called.", hint)


def check_screening() -> CheckMessages:
    if not is_number(conf.screening_timeout, above=0):
        yield error(42, "LANCK['SCREENING_TIMEOUT'] is not a time.", "It is a number of seconds above 0.")
    if conf.screening_failed not in ("allow", "refuse"):
        yield error(42, "LANCK['SCREENING_FAILED'] is invalid.", "It is 'allow' or 'refuse'.")
    for key, value in (
        ("REFUSED_FRAUD_STATES", conf.refused_fraud_states),
        ("REFUSED_HLR_STATES", conf.refused_hlr_states),
    ):
        if not is_list(value, is_text):
            hint = "Such as ['FRAUDULENT', 'SUSPICIOUS'] for the fraud check, ['REJECTED'] for the HLR lookup."
            yield error(43, f"LANCK['{key}'] is not a list of LANCK's results.", hint)


def check_open_countries() -> CheckMessages:
    purposes = conf.purposes.values() if isinstance(conf.purposes, Mapping) else ()
    own = [purpose["COUNTRIES"] for purpose in purposes if isinstance(purpose, Mapping) and "COUNTRIES" in purpose]
    if any(countries is None for countries in (conf.raw.get("COUNTRIES"), *own)):
        yield Warning(
            "LANCK['COUNTRIES'] is open: codes go to every country, including the most expensive ones.",
            hint="List the countries of your users, such as ['US', 'CA'].",
            id="django_lanck.W005",
        )
