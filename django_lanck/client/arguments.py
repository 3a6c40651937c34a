"""Checks of arguments: a function for each kind of value raises InvalidArgument for what LANCK would refuse."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from ..channels import LANCK_CODE_CHANNELS
from ..conf import CODE_LENGTHS, LANGUAGES, SENDER_LENGTH
from ..exceptions import InvalidArgument
from ..jsonbody import parse_json

E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
CODE: Final = re.compile(r"[0-9]{4,6}")
SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
WEB_ADDRESS: Final = re.compile(r"https?://[^\s\\\x00-\x20\x7f\ud800-\udfff]+", re.IGNORECASE)

Check = Callable[[str, Any], None]


def _require(is_valid: bool, field: str, reason: str) -> None:
    if not is_valid:
        raise InvalidArgument(field, reason)


def number(field: str, value: Any) -> None:
    is_valid = isinstance(value, str) and E164.fullmatch(value)
    _require(bool(is_valid), field, "It has to be a phone number in E.164 format, such as +12015550123.")


def text(field: str, value: Any) -> None:
    _require(isinstance(value, str) and bool(value.strip()), field, "It has to be a text that is not empty.")
    _require("\x00" not in value, field, "It must not contain NUL.")
    _require(not SURROGATE.search(value), field, "It must be text that can be encoded as UTF-8.")


def code(field: str, value: Any) -> None:
    is_valid = isinstance(value, str) and CODE.fullmatch(value)
    _require(bool(is_valid), field, "It has to be a text of 4 to 6 digits.")


def code_length(field: str, value: Any) -> None:
    _require(value in CODE_LENGTHS and not isinstance(value, bool), field, "It has to be 4, 5 or 6.")


def sender(field: str, value: Any) -> None:
    is_valid = isinstance(value, str) and len(value.strip()) > 0 and len(value) <= SENDER_LENGTH and value.isprintable()
    _require(is_valid, field, f"It has to be a name or a number of at most {SENDER_LENGTH} characters.")


def web_address(field: str, value: Any) -> None:
    _require(_is_web_address(value), field, "It has to be an http or https URL.")


def _is_web_address(value: Any) -> bool:
    """Return whether every browser parses a value as an absolute http or https URL with a host."""
    if not isinstance(value, str) or not WEB_ADDRESS.fullmatch(value):
        return False
    try:
        parts = urlsplit(value)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def positive(field: str, value: Any) -> None:
    is_valid = isinstance(value, int) and not isinstance(value, bool) and value > 0
    _require(is_valid, field, "It has to be a whole number above 0.")


def ip_address(field: str, value: Any) -> None:
    try:
        is_valid = isinstance(value, str) and bool(ipaddress.ip_address(value))
    except ValueError:
        is_valid = False
    _require(is_valid, field, "It has to be an IP address.")


def options(field: str, value: Any) -> None:
    is_valid = isinstance(value, Mapping) and all(isinstance(key, str) for key in value)
    _require(is_valid, field, "It has to be a dictionary.")
    try:
        parse_json(json.dumps(value).encode())
    except (TypeError, ValueError, RecursionError):
        reason = "It has to be valid as JSON, without NUL, surrogates, NaN and infinity, and not nested too deep."
        raise InvalidArgument(field, reason) from None


def one_of(*choices: str) -> Check:
    def check(field: str, value: Any) -> None:
        is_valid = isinstance(value, str) and value in choices
        _require(is_valid, field, f"It has to be one of {', '.join(choices)}.")

    return check


language: Final = one_of(*LANGUAGES)
# Of a text that LANCK reads out.
spoken_language: Final = one_of("en", "ru")


CHECKS: Final[Mapping[str, Check]] = {
    "number": number,
    "text": text,
    "title": text,
    "code": code,
    "code_length": code_length,
    "code_expiry": positive,
    "check_attempts_allowed": positive,
    "ip": ip_address,
    "sender": sender,
    "language": language,
    "method": one_of(*LANCK_CODE_CHANNELS),
    "callback_url": web_address,
    "button_caption": text,
    "button_action_url": web_address,
    "image_url": web_address,
    "target": text,
    "goal": text,
    "priority": text,
    "collapse_key": text,
    "ttl": positive,
    "android": options,
    "ios": options,
    "wait": positive,
    "unless": one_of("delivered", "read"),
}


def check(values: Mapping[str, Any], *, required: Collection[str], **other_checks: Check) -> None:
    """Raise InvalidArgument for the first invalid value. Values that are not required may be None."""
    for field, value in values.items():
        check_value = other_checks.get(field) or CHECKS.get(field)
        if check_value is not None and (value is not None or field in required):
            check_value(field, value)
