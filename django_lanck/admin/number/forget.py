"""The texts about a number before and after it is forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext_lazy

from ...services import Forgotten

# Each field of Forgotten: the name of its rows, and what forgetting does to them.
KINDS: Final[Mapping[str, tuple[Any, Any]]] = {
    "verifications": (
        gettext_lazy("verifications"),
        gettext_lazy("stay for statistics, without number, user and proof; pending ones are canceled"),
    ),
    "messages": (
        gettext_lazy("messages"),
        gettext_lazy("stay for statistics, without number, texts, links and LANCK's ids"),
    ),
    "receipts": (gettext_lazy("receipts"), gettext_lazy("are deleted")),
    "inbound": (gettext_lazy("inbound messages"), gettext_lazy("stay without sender and text")),
    "insights": (gettext_lazy("number insights"), gettext_lazy("are deleted")),
    "lifted_opt_outs": (gettext_lazy("lifted opt-outs"), gettext_lazy("are deleted")),
    "verified_numbers": (
        gettext_lazy("verified numbers"),
        gettext_lazy("are deleted; the user stays, without a verified number"),
    ),
}


def forgotten_kinds(known: Forgotten) -> list[tuple[str, int, str]]:
    """Return each kind of row that has the number: its name, the count, and what forgetting does to the rows."""
    return [
        (str(name), getattr(known, kind), str(effect)) for kind, (name, effect) in KINDS.items() if getattr(known, kind)
    ]


def forgotten_counts(done: Forgotten) -> str:
    """Return the counts as a text, such as ``verifications 2, messages 3``."""
    return ", ".join(f"{name} {count}" for name, count, _effect in forgotten_kinds(done)) or "0"
