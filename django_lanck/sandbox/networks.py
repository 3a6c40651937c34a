"""The mobile network of a number, derived from its prefix."""

from __future__ import annotations

from typing import Final, NamedTuple

import phonenumbers
from phonenumbers import PhoneNumberType


class Network(NamedTuple):
    mccmnc: str
    name: str
    country: str


MCCMNC: Final = {
    "AE": "42402", "AR": "722310", "AU": "50501", "BR": "72405", "CA": "302720", "CN": "46000", "DE": "26201",
    "EE": "24801", "ES": "21407", "FR": "20801", "GB": "23415", "IN": "405871", "IT": "22201", "JP": "44010",
    "MX": "334020", "NL": "20404", "NO": "24201", "PL": "26001", "RU": "25001", "SE": "24001", "TR": "28601",
    "UA": "25501", "US": "310260",
}  # fmt: skip
TEST_NETWORK: Final = "00101"  # the ITU's network for tests

MOBILE: Final = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


def network_of(number: str) -> Network:
    """Return the network of an E.164 number. It is the ITU's test network for countries that are not listed."""
    try:
        country = phonenumbers.region_code_for_number(phonenumbers.parse(number)) or ""
    except phonenumbers.NumberParseException:
        country = ""
    if len(country) != 2 or not country.isalpha():  # "001" is the region of numbers without a country
        country = ""
    return Network(MCCMNC.get(country, TEST_NETWORK), f"Sandbox Mobile {country}".strip(), country)


def has_mobile_prefix(number: str) -> bool:
    """Whether the prefix of an E.164 number is used by mobile phones."""
    try:
        return phonenumbers.number_type(phonenumbers.parse(number)) in MOBILE
    except phonenumbers.NumberParseException:
        return False
