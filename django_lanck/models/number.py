from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

# E.164 has at most 15 digits, but the sender of an inbound SMS may be a name. Numbers are stored in a plain CharField,
# so that a site's PHONENUMBER_DB_FORMAT cannot change them.
NUMBER_LENGTH = 20
SHOWN_START, SHOWN_END, HIDDEN = 5, 4, 3


def mask_number(number: str) -> str:
    """Return a number with its middle masked, such as ``+1201•••0123``; one that is too short is masked entirely."""
    if len(number) <= SHOWN_START + SHOWN_END:
        return "•••"
    start = min(SHOWN_START, len(number) - SHOWN_END - HIDDEN)
    return f"{number[:start]}•••{number[-SHOWN_END:]}"


def mask_party(party: str) -> str:
    """Return the masked sender or recipient of an SMS. A name is unchanged, except for numbers in it."""
    return mask_number(party) if party.removeprefix("+").isdigit() else str(mask_numbers(party))


# Seven digits or more, with any usual spacing. It rather matches too much than too little.
NUMBER_IN_TEXT: Final = re.compile(r"\+?\d(?:[\s().-]{0,2}\d){6,}")


def mask_numbers(value: Any) -> Any:
    """Return a text, number, list or dictionary with everything masked that may be a phone number."""
    if isinstance(value, str):
        return NUMBER_IN_TEXT.sub(lambda found: mask_number(found[0]), value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        masked = mask_numbers(str(value))
        return value if masked == str(value) else masked
    if isinstance(value, Mapping):
        return {mask_numbers(name): mask_numbers(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [mask_numbers(inner) for inner in value]
    return value
