"""The magic numbers: phone numbers that make the sandbox fail or respond in a given way.

All are in ranges that the North American Numbering Plan reserves for fiction (``555 0100`` to ``555 0199``), so they
are valid and not assigned. Messages to all other numbers are delivered.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from .effects import Effect, Group
from .groups import GROUPS

__all__ = ["GROUPS", "Effect", "Group", "effect_of", "table"]

_BY_NUMBER: Final = {effect.number: effect for group in GROUPS for effect in group.numbers}


def effect_of(number: str) -> Effect:
    """Return the effect of a number: for one that is not in the tables, messages are delivered."""
    return _BY_NUMBER.get(number) or Effect(number, "Delivered.")


def table() -> Iterator[str]:
    """Yield the lines of the Markdown tables in the documentation."""
    for group in GROUPS:
        yield from (f"### {group.title}", "", group.about, "", "| number | outcome |", "|---|---|")
        yield from (f"| `{effect.number}` | {effect.outcome} |" for effect in group.numbers)
        yield ""
