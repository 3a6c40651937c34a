"""Parsing phone numbers and codes that people type."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

import phonenumbers
from phonenumber_field.phonenumber import PhoneNumber, to_python
from phonenumbers import PhoneNumberFormat, PhoneNumberMatcher

from ..exceptions import Refusal
from ..models.number import NUMBER_IN_TEXT

# Characters, as typed.
LONGEST_CODE: Final = 100
LONGEST_NUMBER: Final = 100
LONGEST_TEXT: Final = 300


def ascii_digits(text: str) -> str:
    """Return the text with the decimal digits of every script as 0–9."""
    return "".join(str(unicodedata.decimal(character, character)) for character in text)


def parse_number(number: str | PhoneNumber, *, region: str | None = None) -> PhoneNumber:
    """Return the valid number in any spelling: with spaces, ``00`` for ``+``, digits of any script. Drops an extension.

    ``region`` is an ISO code for national spellings (default: ``PHONENUMBER_DEFAULT_REGION``). Raises Refusal
    ``invalid_number``.
    """
    text = number.as_e164 if isinstance(number, PhoneNumber) else ascii_digits(str(number)).strip()
    if text.startswith("00"):
        text = f"+{text[2:]}"
    parsed = to_python(text, region=region) if text and len(text) <= LONGEST_NUMBER else None
    if parsed is None or not parsed.is_valid():
        raise Refusal("invalid_number")
    parsed.extension = None
    return parsed


def number_in_text(text: str, *, region: str | None = None) -> PhoneNumber:
    """Return the only number in a text, in any spelling that :func:`parse_number` accepts.

    Raises Refusal ``invalid_number`` where there is none or more than one.
    """
    digits = ascii_digits(text)[:LONGEST_TEXT]
    found = {
        phonenumbers.format_number(match.number, PhoneNumberFormat.E164) for match in PhoneNumberMatcher(digits, region)
    }
    if len(found) > 1:
        raise Refusal("invalid_number")
    return parse_number(found.pop() if found else text, region=region)


def number_as_kept(number: str | PhoneNumber) -> str:
    """Return a number as it is stored. LANCK's callbacks also contain invalid numbers and names, which are stored too.

    Raises Refusal ``invalid_number`` for an empty or unprintable text.
    """
    try:
        return str(parse_number(number).as_e164)
    except Refusal:
        text = ascii_digits(str(number)).strip()
        if not text or not text.isprintable():
            raise
    digits = text.translate(dict.fromkeys(map(ord, " -.()/"))).removeprefix("+")
    return f"+{digits.removeprefix('00')}" if digits.isascii() and digits.isdigit() else text


def country_of(number: PhoneNumber | str) -> str:
    """Return the ISO code of a number's country, or an empty string for an invalid number or one of no country."""
    phone = to_python(number)
    country = phonenumbers.region_code_for_number(phone) if phone and phone.is_valid() else ""
    return country if country and len(country) == 2 else ""


def code_in_text(text: str, length: int, *, is_end_of_number: bool = False) -> str:
    """Return the code in a text that a person typed or pasted.

    ``is_end_of_number``: the code is the last digits of the number that called; a whole number is accepted too. Returns
    the beginning of the text where it contains no code of this length, or several.
    """
    text = ascii_digits(text)
    if is_end_of_number and NUMBER_IN_TEXT.fullmatch(text):
        text = re.sub(r"\D", "", text)[-length:]
    found = set(re.findall(rf"(?<!\d)(?:\d[ -]?){{{length - 1}}}\d(?![ -]?\d)", text))
    return found.pop() if len(found) == 1 else text[:LONGEST_CODE]


def parse_code(code: str, length: int) -> str | None:
    """Return the digits of a code without spaces and dashes, or None for a value that is not such a code."""
    if not isinstance(code, str) or len(code) > LONGEST_CODE:
        return None
    digits = "".join(ascii_digits(code).replace("-", " ").split())
    is_code = len(digits) == length and digits.isascii() and digits.isdigit()
    return digits if is_code else None
