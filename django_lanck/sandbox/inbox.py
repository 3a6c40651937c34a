"""What the handset page shows, read from the tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import phonenumbers
from django.db.models import Count, Max, QuerySet

from .models import SandboxMessage, SandboxReceipt, SandboxRequest

MOST_PHONES: Final = 20
MOST_MESSAGES: Final = 50

# status → words, and how to colour them
WORDS: Final = {
    "SENT": ("Sent", "waiting"),
    "DELIVERED": ("Delivered", "good"),
    "ANSWERED": ("Answered", "good"),
    "UNDELIVERED": ("Not delivered", "bad"),
    "REJECTED": ("Rejected", "bad"),
}
KINDS: Final = {"sms": "SMS", "voice": "Voice call", "call": "Missed call"}


def spaced(number: str) -> str:
    """A number as people write it."""
    try:
        return phonenumbers.format_number(phonenumbers.parse(number), phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    except phonenumbers.NumberParseException:
        return number


@dataclass(frozen=True, slots=True)
class Phone:
    """A number that was sent something."""

    number: str
    at: datetime
    requests: int
    kind: str
    arrived: bool

    @property
    def label(self) -> str:
        return spaced(self.number)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing sent to the phone. ``message`` is None where it did not arrive."""

    request: SandboxRequest
    message: SandboxMessage | None
    receipts: tuple[SandboxReceipt, ...]

    @property
    def key(self) -> str:
        return f"{self.request.pk}-{self.message.pk if self.message else 0}"

    @property
    def kind(self) -> str:
        return KINDS.get(self.request.channel, self.request.channel)

    @property
    def status_words(self) -> str:
        return WORDS.get(self.request.status, (self.request.status.capitalize(), ""))[0]

    @property
    def tone(self) -> str:
        return WORDS.get(self.request.status, ("", "waiting"))[1]

    @property
    def digits(self) -> str:
        return " ".join(self.message.code) if self.message else ""

    @property
    def caller_before_code(self) -> str:
        """The calling number of a flash call up to the digits that are the code."""
        return self.message.sender.removesuffix(self.message.code) if self.message else ""


def latest_phones() -> list[Phone]:
    """The phones that were sent something last, newest first."""
    groups = list(
        SandboxRequest.objects.values("number")
        .annotate(last=Max("pk"), requests=Count("pk"))
        .order_by("-last")[:MOST_PHONES]
    )
    last = SandboxRequest.objects.annotate(arrived=Count("messages")).in_bulk([group["last"] for group in groups])
    return [
        Phone(
            number=group["number"],
            at=request.created_at,
            requests=group["requests"],
            kind=KINDS.get(request.channel, request.channel),
            arrived=bool(request.arrived),
        )
        for group in groups
        if (request := last.get(group["last"]))
    ]


def latest_messages(number: str) -> QuerySet[SandboxMessage]:
    """What reached a phone, newest first."""
    return SandboxMessage.objects.filter(number=number).select_related("request").order_by("-pk")[:MOST_MESSAGES]


def entries(number: str) -> list[Entry]:
    """What was sent to a phone, newest first, whether or not it arrived."""
    requests = (
        SandboxRequest.objects.filter(number=number)
        .prefetch_related("messages", "receipts")
        .order_by("-pk")[:MOST_MESSAGES]
    )
    found: list[Entry] = []
    for request in requests:
        receipts = tuple(request.receipts.all())
        messages: list[SandboxMessage | None] = [*request.messages.all()]
        found += [Entry(request, message, receipts) for message in messages or [None]]
    return found


def version() -> str:
    """A text that differs whenever anything that the page shows has changed."""
    state = SandboxRequest.objects.aggregate(changed=Max("updated_at"), newest=Max("pk"))
    return f"{state['newest'] or 0}-{state['changed'].timestamp() if state['changed'] else 0}"
