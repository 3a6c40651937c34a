"""Checks of test numbers, whose codes are fixed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Final

import phonenumbers
from django.conf import settings

from ..conf import conf
from ..models.number import mask_number
from ..values import CheckMessages, error, is_list

CODE: Final = re.compile(r"[0-9]{4,6}")
KEYS: Final = frozenset(["CODE", "UNTIL", "PURPOSES"])


def check_test_numbers() -> CheckMessages:
    given = conf.raw.get("TEST_NUMBERS") or {}
    for number, own in given.items() if isinstance(given, Mapping) else [("", None)]:
        if not (_is_e164(number) and _is_fixed_code(own)):
            hint = (
                "Such as {'+12015550123': {'CODE': '424242', 'UNTIL': '2026-12-31', 'PURPOSES': ['signup']}}: a valid "
                "number, 4 to 6 digits, the last day, and purposes that are in PURPOSES."
            )
            yield error(44, f"LANCK['TEST_NUMBERS'] has an invalid entry ({mask_number(str(number))}).", hint)
    if given and not (settings.DEBUG or conf.test_numbers_in_production):
        hint = "Remove them, or set TEST_NUMBERS_IN_PRODUCTION to True while your app is reviewed."
        yield error(45, "LANCK['TEST_NUMBERS'] is set, but DEBUG is off.", hint)
    if not isinstance(conf.raw.get("TEST_NUMBERS_IN_PRODUCTION", False), bool):
        hint = "Set it to True or False."
        yield error(46, "LANCK['TEST_NUMBERS_IN_PRODUCTION'] is neither True nor False, so it is off.", hint)


def _is_e164(value: object) -> bool:
    try:
        parsed = phonenumbers.parse(str(value))
    except phonenumbers.NumberParseException:
        return False
    e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return value == e164 and phonenumbers.is_valid_number(parsed)


def _is_fixed_code(own: object) -> bool:
    if not isinstance(own, Mapping) or set(own) != KEYS or not isinstance(conf.purposes, Mapping):
        return False
    code, purposes = own["CODE"], own["PURPOSES"]
    return (
        isinstance(code, str)
        and bool(CODE.fullmatch(code))
        and _is_day(own["UNTIL"])
        and is_list(purposes, lambda purpose: isinstance(purpose, str) and purpose in conf.purposes)
    )


def _is_day(value: object) -> bool:
    try:
        return bool(date.fromisoformat(str(value)))
    except ValueError:
        return False
