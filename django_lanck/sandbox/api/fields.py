"""The parameters of the API. A function per type validates a value and returns it, or raises an error."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from .errors import INVALID_NUMBER, INVALID_REQUEST, SENDER_NOT_ALLOWED, APIError
from .parsing import parse_json

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
# Only URLs that all parsers read alike: no user name, backslash, space or character outside ASCII.
URL: Final = re.compile(r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:[/?][!-\[\]-~]*)?")

Validator = Callable[[str, Any], Any]


@dataclass(frozen=True, slots=True)
class Field:
    """How a parameter is validated. ``default`` is the value of an optional parameter that is missing.

    ``needs`` is the name of another parameter that has to be present too.
    """

    validate: Validator
    required: bool = False
    default: Any = None
    needs: str = ""


def validate(fields: Mapping[str, Field], given: Mapping[str, Any], *, prefix: str = "") -> dict[str, Any]:
    """Return the valid value of every field, or raise an error that names the parameter, after ``prefix``."""
    unknown = sorted(set(given) - set(fields))
    if unknown:
        raise APIError(INVALID_REQUEST, f"unknown parameter {prefix}{unknown[0][:40]}")
    values = {}
    for name, field in fields.items():
        if name in given:
            values[name] = field.validate(prefix + name, given[name])
            if field.needs and field.needs not in given:
                raise APIError(INVALID_REQUEST, f"{prefix}{name} needs {prefix}{field.needs}")
        elif field.required:
            raise APIError(INVALID_REQUEST, f"{prefix}{name} is missing")
        else:
            values[name] = field.default
    return values


def _match(name: str, value: Any, pattern: re.Pattern[str], expected: str, code: int = INVALID_REQUEST) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise APIError(code, f"{name} must be {expected}")
    return value


def number(name: str, value: Any) -> str:
    """Validate a phone number in E.164 format."""
    # "curl -d number=+18800000000" in LANCK's documentation does not encode the plus, which is decoded as a space.
    if isinstance(value, str) and value.startswith(" "):
        value = "+" + value[1:]
    return _match(name, value, E164, "in E.164 format", INVALID_NUMBER)


def sender(name: str, value: Any) -> str:
    """Validate the sender of a message: a name or a number."""
    if isinstance(value, str) and value.lower() != BLOCKED_SENDER and DIGITS.fullmatch(value):
        return value
    text = _match(name, value, NAME, "up to 11 letters and digits, or up to 15 digits", SENDER_NOT_ALLOWED)
    if text.lower() == BLOCKED_SENDER:
        raise APIError(SENDER_NOT_ALLOWED)
    return text


def caller(name: str, value: Any) -> str:
    """Validate the calling number of a call. A name is not allowed."""
    return _match(name, value, DIGITS, "up to 15 digits", SENDER_NOT_ALLOWED)


def one_of(*choices: str) -> Validator:
    """Return a validator of a text that is one of the choices."""

    def validator(name: str, value: Any) -> str:
        if not isinstance(value, str) or value not in choices:
            raise APIError(INVALID_REQUEST, f"{name} must be one of {', '.join(choices)}")
        return value

    return validator


language: Final = one_of(*LANGUAGES)
read_out_language: Final = one_of("en", "ru")


def integer(low: int, high: int) -> Validator:
    """Return a validator of an integer from ``low`` to ``high``, given as a JSON number or a string of digits."""

    def validator(name: str, value: Any) -> int:
        if isinstance(value, str) and re.fullmatch(r"[1-9][0-9]{0,8}", value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise APIError(INVALID_REQUEST, f"{name} must be an integer from {low} to {high}")
        return value

    return validator


def ip_address(name: str, value: Any) -> str:
    """Validate an IPv4 or IPv6 address."""
    try:
        if isinstance(value, str):
            return str(ipaddress.ip_address(value))
    except ValueError:
        pass
    raise APIError(INVALID_REQUEST, f"{name} must be an IP address")


def web_url(name: str, value: Any) -> str:
    """Validate an absolute http or https URL."""
    if isinstance(value, str) and len(value) > MAX_URL:
        raise APIError(INVALID_REQUEST, f"{name} is longer than {MAX_URL} characters")
    if not is_web_url(value):
        raise APIError(INVALID_REQUEST, f"{name} must be an http or https URL")
    return str(value)


def is_web_url(value: Any) -> bool:
    """Whether the value is an absolute http or https URL."""
    if not isinstance(value, str) or not URL.fullmatch(value):
        return False
    try:
        urlsplit(value).port  # noqa: B018 (raises ValueError for an invalid port or IPv6 address)
    except ValueError:
        return False
    return True


def text(name: str, value: Any) -> str:
    """Validate a text that is not blank."""
    if not isinstance(value, str) or not value.strip():
        raise APIError(INVALID_REQUEST, f"{name} must be a text that is not blank")
    return value


def pin(name: str, value: Any) -> str:
    """Validate a code that a call dictates or has at the end of its calling number."""
    return _match(name, value, PIN, "4 to 6 digits")


def json_object(name: str, value: Any) -> dict[str, Any]:
    """Validate a JSON object. In a form, it is a string with the JSON."""
    if isinstance(value, str):
        try:
            return parse_json(value)
        except APIError:
            pass
    elif isinstance(value, dict):
        return value
    raise APIError(INVALID_REQUEST, f"{name} must be a JSON object")


def request_id(name: str, value: Any) -> str:
    """Validate the id of a request, which need not exist."""
    return _bounded(name, value, 100)


def code(name: str, value: Any) -> str:
    """Validate a code to check. A text that is not digits is a wrong code, not an invalid request."""
    return _bounded(name, value, 100)


def goal(name: str, value: Any) -> str:
    """Validate the name of a goal."""
    return _match(name, value, GOAL, "the name of a goal, such as NUMBER_VERIFIED")


def _bounded(name: str, value: Any, maximum: int) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= maximum:
        raise APIError(INVALID_REQUEST, f"{name} must be a text of 1 to {maximum} characters")
    return value
