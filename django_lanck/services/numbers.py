"""What people type, read as numbers and codes."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

import phonenumbers
from phonenumber_field.phonenumber import PhoneNumber, to_python
from phonenumbers import PhoneNumberFormat, PhoneNumberMatcher

from ..exceptions import Refusal
from ..models.number import NUMBER_IN_TEXT

LONGEST_CODE: Final = 100  # characters as typed
LONGEST_NUMBER: Final = 100
LONGEST_TEXT: Final = 300


def ascii_digits(text: str) -> str:
    """The text with every decimal digit of any script as 0–9."""
    return "".join(str(unicodedata.decimal(character, character)) for character in text)


def parse_number(number: str | PhoneNumber, *, region: str | None = None) -> PhoneNumber:
    """A valid number from any spelling: spaces, ``00`` for ``+``, digits of any script, an extension (dropped).

    National spellings are read in ``region`` (an ISO code), or else in ``PHONENUMBER_DEFAULT_REGION``. Raises Refusal
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
    """The one number that a text speaks of: as :func:`parse_number`, also with words around it.

    Raises Refusal ``invalid_number`` where there is none, and where there are several.
    """
    digits = ascii_digits(text)[:LONGEST_TEXT]
    found = {
        phonenumbers.format_number(match.number, PhoneNumberFormat.E164) for match in PhoneNumberMatcher(digits, region)
    }
    if len(found) > 1:
        raise Refusal("invalid_number")
    return parse_number(found.pop() if found else text, region=region)


def number_as_kept(number: str | PhoneNumber) -> str:
    """The number as it is kept: what LANCK sends is kept also where it could not be dialled, or is a name.

    Raises Refusal ``invalid_number`` for nothing at all.
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
    """ISO code of a number's country; empty for numbers of no country, and for what is no number any more."""
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
    """The digits of a code as typed (spaces and dashes dropped), or None when it cannot be one, whatever it is."""
    if not isinstance(code, str) or len(code) > LONGEST_CODE:
        return None
    digits = "".join(ascii_digits(code).replace("-", " ").split())
    fits = len(digits) == length and digits.isascii() and digits.isdigit()
    return digits if fits else None
