"""How the page shows what comes by each channel: one row a channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Kind:
    """``icon`` is a symbol in ``_icons.html`` and a colour in the style sheet, ``body`` a template of what arrived.

    ``heading`` stands where the sender's name stands otherwise.
    """

    title: str
    icon: str
    body: str
    heading: str = ""

    @property
    def template(self) -> str:
        return f"lanck_sandbox/_{self.body}.html"


_MISSED: Final = "Missed call"
_INCOMING: Final = "Incoming call"

KINDS: Final = {
    "sms": Kind("SMS", "sms", "text"),
    "voice": Kind("Voice call", "voice", "spoken", _INCOMING),
    "call": Kind("Missed call", "call", "missed", _MISSED),
    "flash": Kind("Flash call", "call", "missed", _MISSED),
    "p2s": Kind("Spoken code", "voice", "spoken", _INCOMING),
    "t2s": Kind("Spoken text", "voice", "spoken", _INCOMING),
    "push": Kind("Push notification", "push", "text"),
    "viber": Kind("Viber message", "viber", "chat"),
    "rcs": Kind("RCS message", "rcs", "chat"),
    "whatsapp": Kind("WhatsApp message", "messenger", "chat"),
    "failover": Kind("Failover message", "messenger", "chat"),
}


def kind_of(channel: str) -> Kind:
    """The row of a channel; for one that is not in the table, a messenger of that name."""
    return KINDS.get(channel) or Kind(f"{channel[:1].upper()}{channel[1:]} message", "messenger", "chat")
