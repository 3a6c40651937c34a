"""Into how many SMS a text is split."""

from __future__ import annotations

from typing import Final

# The GSM 7-bit alphabet (3GPP TS 23.038), and what takes two places in it.
GSM: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION: Final = frozenset("\f^{}\\[~]|€")
GSM_PLACES: Final = (160, 153)  # of a text alone, and of each part of a longer one
UCS2_PLACES: Final = (70, 67)


def segments(text: str) -> int:
    """The number of parts; a character that takes two places is never cut."""
    in_gsm = set(text) <= GSM | EXTENSION
    alone, each = GSM_PLACES if in_gsm else UCS2_PLACES
    places = [2 if (character in EXTENSION if in_gsm else ord(character) > 0xFFFF) else 1 for character in text]
    if sum(places) <= alone:
        return 1
    parts, free = 1, each
    for wide in places:
        if wide > free:
            parts, free = parts + 1, each
        free -= wide
    return parts
