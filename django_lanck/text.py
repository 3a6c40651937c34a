"""How long a text is for the telephone network."""

from __future__ import annotations

from typing import Final

# GSM 03.38: what an SMS of 160 characters is made of; those of the second line take two places.
GSM: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_TWO_PLACES: Final = frozenset("\f^{}\\[~]|€")


def fits_one_sms(text: str) -> bool:
    """Whether a text is one SMS: 160 places of the GSM alphabet, or 70 of UTF-16."""
    if set(text) <= GSM | GSM_TWO_PLACES:
        return len(text) + sum(character in GSM_TWO_PLACES for character in text) <= 160
    return len(text.encode("utf-16-be")) <= 140
