"""Counts the SMS that a text is split into."""

from __future__ import annotations

from typing import Final

# The GSM 7-bit alphabet (3GPP TS 23.038), and its extension, whose characters take two places.
GSM: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION: Final = frozenset("\f^{}\\[~]|€")
GSM_PLACES: Final = (160, 153)  # in a single SMS, and in each part of several
UCS2_PLACES: Final = (70, 67)


def segments(text: str) -> int:
    """Return the number of parts. A character of two places is never split between two parts."""
    in_gsm = set(text) <= GSM | EXTENSION
    single, part = GSM_PLACES if in_gsm else UCS2_PLACES
    places = [2 if (character in EXTENSION if in_gsm else ord(character) > 0xFFFF) else 1 for character in text]
    if sum(places) <= single:
        return 1
    parts, free = 1, part
    for width in places:
        if width > free:
            parts, free = parts + 1, part
        free -= width
    return parts
