"""Parsing phone numbers and codes that people type."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Final

import phonenumbers
from django.conf import settings
from phonenumber_field.phonenumber import PhoneNumber, to_python
from phonenumbers import PhoneNumberFormat, PhoneNumberMatcher

from ..exceptions import Refusal
from ..models import VerifiedNumber, VerifiedNumberQuerySet
from ..models.number import NUMBER_IN_TEXT

# Characters, as typed.
LONGEST_CODE: Final = 100
LONGEST_NUMBER: Final = 100
LONGEST_TEXT: Final = 300


def ascii_digits(text: str) -> str:
    """Return the text with the decimal digits of every script as 0–9."""
    return "".join(str(unicodedata.decimal(character, character)) for character in text)


def parse_number(number: str | PhoneNumber, *, region: str | None = None, user: Any = None) -> PhoneNumber:
    """Return the valid number in any spelling: with spaces, ``00`` for ``+``, digits of any script. Drops an extension.

    ``region`` is an ISO code for national spellings (default: ``PHONENUMBER_DEFAULT_REGION``). A number that ``user``
    owns is accepted as it is stored, whatever today's numbering plan says. Raises Refusal ``invalid_number``.
    """
    has_account = user is not None and user.is_authenticated
    return _parse(number, region, VerifiedNumber.objects.filter(user_id=user.pk) if has_account else None)


def parse_known_number(number: str | PhoneNumber) -> PhoneNumber:
    """Return a number as :func:`parse_number` does; the number of any account is accepted as it is stored.

    For callers that the site trusts: a stranger would learn from it which numbers have an account.
    """
    return _parse(number, None, VerifiedNumber.objects.all())


def _parse(number: str | PhoneNumber, region: str | None, claims: VerifiedNumberQuerySet | None) -> PhoneNumber:
    text = number.as_e164 if isinstance(number, PhoneNumber) else ascii_digits(str(number)).strip()
    if text.startswith("00"):
        text = f"+{text[2:]}"
    parsed = to_python(text, region=region) if text and len(text) <= LONGEST_NUMBER else None
    is_valid = parsed is not None and parsed.is_valid()
    if claims is not None and parsed is not None:
        as_typed = same_digits(text, region=region)
        is_changed = as_typed is not None and not (is_valid and as_typed.as_e164 == parsed.as_e164)
        if as_typed is not None and is_changed and claims.filter(number=as_typed.as_e164).exists():
            return as_typed
    if parsed is None or not is_valid:
        raise Refusal("invalid_number")
    parsed.extension = None
    return parsed


def same_digits(number: str, *, region: str | None = None) -> PhoneNumber | None:
    """Return the number with exactly these digits, valid or not; None for what cannot be one.

    A parser corrects numbers: it drops the 0 of ``+44 (0)20``, and whatever else its numbering plan has not.
    """
    _before, plus, international = number.partition("+")
    digits = re.sub(r"[^0-9]", "", international or number)
    if not plus:
        region = region or getattr(settings, "PHONENUMBER_DEFAULT_REGION", None) or ""
        digits = f"{phonenumbers.country_code_for_region(region) or ''}{digits}"
    try:
        code = phonenumbers.parse(f"+{digits}").country_code
    except phonenumbers.NumberParseException:
        return None
    national = digits[len(str(code)) :]
    zeros = len(national) - len(national.lstrip("0"))
    phone = PhoneNumber(
        country_code=code,
        national_number=int(national),
        italian_leading_zero=True if zeros else None,
        number_of_leading_zeros=zeros or None,
        raw_input=f"+{digits}",
    )
    return phone if phone.as_e164 == f"+{digits}" else None


def number_in_text(text: str, *, region: str | None = None, user: Any = None) -> PhoneNumber:
    """Return the only number in a text, in any spelling that :func:`parse_number` accepts.

    Raises Refusal ``invalid_number`` where there is none or more than one.
    """
    digits = ascii_digits(text)[:LONGEST_TEXT]
    found = {
        phonenumbers.format_number(match.number, PhoneNumberFormat.E164): match.raw_string
        for match in PhoneNumberMatcher(digits, region)
    }
    if len(found) > 1:
        raise Refusal("invalid_number")
    for number, raw in found.items():
        return parse_number(raw if user is not None and raw.startswith("+") else number, region=region, user=user)
    return parse_number(text, region=region, user=user)


def number_as_kept(number: str | PhoneNumber) -> str:
    """Return a number as it is stored. LANCK's callbacks also contain invalid numbers and names, which are stored too.

    Raises Refusal ``invalid_number`` for an empty or unprintable text.
    """
    try:
        return str(parse_known_number(number).as_e164)
    except Refusal:
        text = ascii_digits(str(number)).strip()
        if not text or not text.isprintable():
            raise
    digits = text.translate(dict.fromkeys(map(ord, " -.()/"))).removeprefix("+")
    return f"+{digits.removeprefix('00')}" if digits.isascii() and digits.isdigit() else text


def country_of(number: PhoneNumber | str) -> str:
    """Return the ISO code of a number's country, or an empty string for what is no number or one of no country.

    Of a number that is not valid (any more) it is the country of the calling code, the main one if several share it.
    """
    phone = to_python(number)
    if not phone or phone.country_code is None:
        return ""
    country = phonenumbers.region_code_for_number(phone) or phonenumbers.region_code_for_country_code(
        phone.country_code
    )
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
