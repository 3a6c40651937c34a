"""The length of a text in the encoding of an SMS."""

from __future__ import annotations

from typing import Final

# GSM 03.38, the alphabet of an SMS with 160 characters. Characters of GSM_TWO_PLACES count twice.
GSM: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_TWO_PLACES: Final = frozenset("\f^{}\\[~]|€")


def fits_one_sms(text: str) -> bool:
    """Return whether a text fits into one SMS: 160 characters of the GSM alphabet, or 70 of UTF-16."""
    if set(text) <= GSM | GSM_TWO_PLACES:
        return len(text) + sum(character in GSM_TWO_PLACES for character in text) <= 160
    return len(text.encode("utf-16-be")) <= 140
