"""What staff are told of a number before and after it is forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext_lazy

from ...services import Forgotten

# A kind of row, and what becomes of it.
KINDS: Final[Mapping[str, tuple[Any, Any]]] = {
    "verifications": (
        gettext_lazy("verifications"),
        gettext_lazy("stay for the figures, without number, user and proof; what is pending is canceled"),
    ),
    "messages": (
        gettext_lazy("messages"),
        gettext_lazy("stay for the figures, without number, texts, links and LANCK's ids"),
    ),
    "receipts": (gettext_lazy("receipts"), gettext_lazy("are erased")),
    "inbound": (gettext_lazy("inbound messages"), gettext_lazy("stay without sender and text")),
    "insights": (gettext_lazy("number insights"), gettext_lazy("are erased")),
    "lifted_opt_outs": (gettext_lazy("lifted opt-outs"), gettext_lazy("are erased")),
    "verified_numbers": (
        gettext_lazy("verified numbers"),
        gettext_lazy("are erased; their user stays, without a verified number"),
    ),
}


def forgotten_words(known: Forgotten) -> list[tuple[str, int, str]]:
    """Each kind of row that knows the number: its name, how many there are, and what becomes of them."""
    return [
        (str(name), getattr(known, kind), str(fate)) for kind, (name, fate) in KINDS.items() if getattr(known, kind)
    ]


def forgotten_counts(done: Forgotten) -> str:
    """Such as ``verifications 2, messages 3``."""
    return ", ".join(f"{name} {count}" for name, count, _fate in forgotten_words(done)) or "0"
