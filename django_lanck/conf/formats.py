"""The formats of values that settings and requests to LANCK share, and functions that test them."""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit

CODE_LENGTHS = (4, 5, 6)
SENDER_LENGTH = 20
# The languages in which LANCK writes and speaks codes. Source: "Create verification request" on LANCK's page.
LANGUAGES = (
    "am ar az bn de en es fa fr he hi hy id it ja ka kk km ky mg mn ms my ne ps pt ru si sn so sv sw ta tg tk uk ur "
    "uz vi zh"
).split()


def lancks_language(language: str) -> str:
    """Return LANCK's code for a language such as ``pt-br``, or an empty string for one that LANCK does not speak."""
    code = language.partition("-")[0]
    return code if code in LANGUAGES else ""


def parse_address(value: object) -> SplitResult | None:
    """Return the parts of an http or https URL with a host and without credentials, query and fragment, or None."""
    if not isinstance(value, str) or not value.isprintable() or " " in value:  # such as the line end of a secrets file
        return None
    try:
        parts = urlsplit(value)
        plain = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    plain = plain and not (parts.username or parts.query or parts.fragment)
    return parts if plain and parts.scheme in ("http", "https") else None


def is_base_url(value: object) -> bool:
    """Return whether LANCK's API can be at a URL: https, or http on a loopback host (the sandbox)."""
    parts = parse_address(value)
    return parts is not None and (parts.scheme == "https" or is_loopback(parts.hostname or ""))


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_access_token(value: object) -> bool:
    return isinstance(value, str) and all(value.partition(":")) and value == value.strip()
