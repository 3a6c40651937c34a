"""The parameters of the API: one small function cleans each kind of value, or raises the error that fits."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from . import wire
from .errors import INVALID_NUMBER, INVALID_REQUEST, SENDER_NOT_ALLOWED, APIError

METHODS: Final = ("sms", "voice", "call")
# fmt: off
LANGUAGES: Final = (
    "am", "ar", "az", "bn", "de", "en", "es", "fa", "fr", "he", "hi", "hy", "id", "it", "ja", "ka",
    "kk", "km", "ky", "mg", "mn", "ms", "my", "ne", "ps", "pt", "ru", "si", "sn", "so", "sv", "sw",
    "ta", "tg", "tk", "uk", "ur", "uz", "vi", "zh",
)
# fmt: on
BLOCKED_SENDER: Final = "blocked"
MAX_CODE_EXPIRY: Final = 86_400
MAX_CHECK_ATTEMPTS: Final = 1_000
MAX_URL: Final = 2_000

E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ]{0,9}[A-Za-z0-9])?")
DIGITS: Final = re.compile(r"\+?[0-9]{1,15}")
PIN: Final = re.compile(r"[0-9]{4,6}")
GOAL: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
# Only what every URL parser reads alike: no user, no backslash, no space, nothing beyond ASCII.
URL: Final = re.compile(r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:[/?][!-\[\]-~]*)?")

Cleaner = Callable[[str, Any], Any]


@dataclass(frozen=True, slots=True)
class Field:
    """How one parameter is cleaned. ``default`` is what an optional one has when it is not there.

    ``needs`` is another parameter, without which this one makes no sense.
    """

    clean: Cleaner
    required: bool = False
    default: Any = None
    needs: str = ""


def clean(fields: Mapping[str, Field], given: Mapping[str, Any], *, within: str = "") -> dict[str, Any]:
    """Every field by name, cleaned. Unknown and missing parameters are error 10; ``within`` is said before a name."""
    unknown = sorted(set(given) - set(fields))
    if unknown:
        raise APIError(INVALID_REQUEST, f"unknown parameter {within}{unknown[0][:40]}")
    values = {}
    for name, field in fields.items():
        if name in given:
            values[name] = field.clean(within + name, given[name])
            if field.needs and field.needs not in given:
                raise APIError(INVALID_REQUEST, f"{within}{name} needs {within}{field.needs}")
        elif field.required:
            raise APIError(INVALID_REQUEST, f"{within}{name} is missing")
        else:
            values[name] = field.default
    return values


def _text(name: str, value: Any, pattern: re.Pattern[str], wanted: str, code: int = INVALID_REQUEST) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise APIError(code, f"{name} must be {wanted}")
    return value


def number(name: str, value: Any) -> str:
    # "curl -d number=+18800000000", as on LANCK's page, does not encode the plus: it comes as a space.
    if isinstance(value, str) and value.startswith(" "):
        value = "+" + value[1:]
    return _text(name, value, E164, "in E.164 format", INVALID_NUMBER)


def sender(name: str, value: Any) -> str:
    if isinstance(value, str) and value.lower() != BLOCKED_SENDER and DIGITS.fullmatch(value):
        return value
    text = _text(name, value, NAME, "up to 11 letters and digits, or up to 15 digits", SENDER_NOT_ALLOWED)
    if text.lower() == BLOCKED_SENDER:
        raise APIError(SENDER_NOT_ALLOWED)
    return text


def caller(name: str, value: Any) -> str:
    """The number that a call comes from; a name is no number."""
    return _text(name, value, DIGITS, "up to 15 digits", SENDER_NOT_ALLOWED)


def one_of(*choices: str) -> Cleaner:
    def cleaner(name: str, value: Any) -> str:
        if not isinstance(value, str) or value not in choices:
            raise APIError(INVALID_REQUEST, f"{name} must be one of {', '.join(choices)}")
        return value

    return cleaner


method: Final = one_of(*METHODS)
language: Final = one_of(*LANGUAGES)
read_out_language: Final = one_of("en", "ru")


def whole_number(low: int, high: int) -> Cleaner:
    """A JSON number or a string of digits, ``low`` to ``high``."""

    def cleaner(name: str, value: Any) -> int:
        if isinstance(value, str) and re.fullmatch(r"[1-9][0-9]{0,8}", value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise APIError(INVALID_REQUEST, f"{name} must be a whole number from {low} to {high}")
        return value

    return cleaner


def ip_address(name: str, value: Any) -> str:
    try:
        if isinstance(value, str):
            return str(ipaddress.ip_address(value))
    except ValueError:
        pass
    raise APIError(INVALID_REQUEST, f"{name} must be an IP address")


def web_address(name: str, value: Any) -> str:
    if isinstance(value, str) and len(value) > MAX_URL:
        raise APIError(INVALID_REQUEST, f"{name} is longer than {MAX_URL} characters")
    if not is_web_address(value):
        raise APIError(INVALID_REQUEST, f"{name} must be an http or https URL")
    return str(value)


def is_web_address(value: Any) -> bool:
    if not isinstance(value, str) or not URL.fullmatch(value):
        return False
    try:
        urlsplit(value).port  # noqa: B018 (raises for a port or an IPv6 address that is none)
    except ValueError:
        return False
    return True


def text(name: str, value: Any) -> str:
    """What people see or hear."""
    if not isinstance(value, str) or not value.strip():
        raise APIError(INVALID_REQUEST, f"{name} must be a text, and not an empty one")
    return value


def pin(name: str, value: Any) -> str:
    """The code that a call is to bring."""
    return _text(name, value, PIN, "4 to 6 digits")


def json_object(name: str, value: Any) -> dict[str, Any]:
    """An object; in a form, its JSON."""
    if isinstance(value, str):
        try:
            return wire.read_json(value)
        except APIError:
            pass
    elif isinstance(value, dict):
        return value
    raise APIError(INVALID_REQUEST, f"{name} must be a JSON object")


def request_id(name: str, value: Any) -> str:
    return _filled(name, value, 100)


def code(name: str, value: Any) -> str:
    """Whatever was typed: a code that is no digits is a wrong code, not a wrong request."""
    return _filled(name, value, 100)


def goal(name: str, value: Any) -> str:
    return _text(name, value, GOAL, "a goal's name, such as NUMBER_VERIFIED")


def _filled(name: str, value: Any, longest: int) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise APIError(INVALID_REQUEST, f"{name} must be a text of 1 to {longest} characters")
    return value
