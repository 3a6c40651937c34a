"""What people type, read as numbers and codes."""

from __future__ import annotations

import unicodedata
from typing import Final

import phonenumbers
from phonenumber_field.phonenumber import PhoneNumber, to_python

from ..exceptions import Refusal

LONGEST_CODE: Final = 100  # characters as typed


def ascii_digits(text: str) -> str:
    """The text with every decimal digit of any script as 0–9."""
    return "".join(str(unicodedata.decimal(character, character)) for character in text)


def parse_number(number: str | PhoneNumber) -> PhoneNumber:
    """A valid number from any spelling: spaces, ``00`` for ``+``, digits of any script, an extension (dropped).

    National spellings are read in ``PHONENUMBER_DEFAULT_REGION``. Raises Refusal ``invalid_number``.
    """
    text = number.as_e164 if isinstance(number, PhoneNumber) else ascii_digits(str(number)).strip()
    if text.startswith("00"):
        text = f"+{text[2:]}"
    parsed = to_python(text) if text and len(text) <= 100 else None
    if parsed is None or not parsed.is_valid():
        raise Refusal("invalid_number")
    parsed.extension = None
    return parsed


def country_of(phone: PhoneNumber) -> str:
    """ISO code of the number's country; empty for numbers of no country."""
    country = phonenumbers.region_code_for_number(phone) or ""
    return country if len(country) == 2 else ""


def parse_code(code: str, length: int) -> str | None:
    """The digits of a code as typed (spaces and dashes dropped), or None when it cannot be one, whatever it is."""
    if not isinstance(code, str) or len(code) > LONGEST_CODE:
        return None
    digits = "".join(ascii_digits(code).replace("-", " ").split())
    fits = len(digits) == length and digits.isascii() and digits.isdigit()
    return digits if fits else None
