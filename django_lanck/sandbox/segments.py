"""Counts the SMS that a text is split into."""

from __future__ import annotations

from typing import Final

# The GSM 7-bit alphabet (3GPP TS 23.038), and its extension, whose characters count as two.
GSM: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION: Final = frozenset("\f^{}\\[~]|€")
GSM_LIMITS: Final = (160, 153)  # characters of a single SMS, and of each part of a longer text
UCS2_LIMITS: Final = (70, 67)


def segments(text: str) -> int:
    """Return the number of SMS that the text takes. A character that counts as two is never split between two SMS."""
    in_gsm = set(text) <= GSM | EXTENSION
    single, part = GSM_LIMITS if in_gsm else UCS2_LIMITS
    widths = [2 if (character in EXTENSION if in_gsm else ord(character) > 0xFFFF) else 1 for character in text]
    if sum(widths) <= single:
        return 1
    parts, free = 1, part
    for width in widths:
        if width > free:
            parts, free = parts + 1, part
        free -= width
    return parts
