"""What the handset page shows, read from the tables."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import phonenumbers
from django.db.models import Count, Max, Prefetch, QuerySet

from ..conf import conf
from ..models import SandboxInbound, SandboxInboundPost, SandboxMessage, SandboxReceipt, SandboxRequest
from ..provider.callbacks import Answer
from ..provider.inbound import NO_ADDRESS
from .kinds import Kind, kind_of

MOST_PHONES: Final = 20
MOST_MESSAGES: Final = 50
MOST_STEPS: Final = 10

# status → words, and how to colour them
WORDS: Final = {
    "SENT": ("Sent", "waiting"),
    "DELIVERED": ("Delivered", "good"),
    "ANSWERED": ("Answered", "good"),
    "UNDELIVERED": ("Not delivered", "bad"),
    "REJECTED": ("Rejected", "bad"),
}
WEB_ADDRESS: Final = re.compile(r"https?://[^\s/\\?#]\S*", re.IGNORECASE)


def spaced(number: str) -> str:
    """A number as people write it."""
    try:
        return phonenumbers.format_number(phonenumbers.parse(number), phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    except phonenumbers.NumberParseException:
        return number


@dataclass(frozen=True, slots=True)
class Phone:
    """A number that was sent something, or that texted. ``did`` says which of them was last."""

    number: str
    at: datetime
    requests: int
    did: str

    @property
    def label(self) -> str:
        return spaced(self.number)


@dataclass(frozen=True, slots=True)
class Post:
    """One attempt to tell the site. ``status`` is what a receipt said."""

    at: datetime
    words: str
    good: bool
    status: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a failover chain."""

    channel: str
    arrived: bool


@dataclass(frozen=True, slots=True)
class Received:
    """One thing sent to the phone. ``message`` is None where it did not arrive."""

    request: SandboxRequest
    message: SandboxMessage | None

    template = "lanck_sandbox/_received.html"

    @property
    def key(self) -> str:
        return f"{self.request.pk}-{self.message.pk if self.message else 0}"

    @property
    def at(self) -> datetime:
        return self.message.created_at if self.message else self.request.created_at

    @property
    def place(self) -> tuple[datetime, int]:
        return self.at, self.request.pk

    @property
    def say(self) -> str:
        return f"{self.kind.title} on {self.request.number}"

    @property
    def kind(self) -> Kind:
        return kind_of(self.message.channel if self.message else self.request.channel)

    @property
    def status_words(self) -> str:
        return WORDS.get(self.request.status, (self.request.status.capitalize(), ""))[0]

    @property
    def tone(self) -> str:
        return WORDS.get(self.request.status, ("", "waiting"))[1]

    @property
    def posts(self) -> list[Post]:
        return [_post(receipt, status=receipt.status) for receipt in self.request.receipts.all()]

    @property
    def digits(self) -> str:
        return " ".join(self.message.code) if self.message else ""

    @property
    def caller(self) -> tuple[str, str]:
        """The calling number of a flash call: up to the digits that are the code, and those digits."""
        if self.message is None:
            return "", ""
        sender, code = self.message.sender, self.message.code
        return (sender.removesuffix(code), code) if sender.endswith(code) else (sender, "")

    @property
    def button_leads_somewhere(self) -> bool:
        """Whether the button's address is one that a browser may be sent to."""
        return bool(self.message and WEB_ADDRESS.fullmatch(self.message.button_url))

    @property
    def chain(self) -> list[Step]:
        """The steps of a failover chain, as far as what the client sent can be read as one."""
        if self.request.channel != "failover" or not isinstance(self.request.payload, dict):
            return []
        flow = self.request.payload.get("flow")
        types = [_type_of(step) for step in flow[:MOST_STEPS]] if isinstance(flow, list) else []
        came_by = self.message.channel if self.message else None
        arrived = types.index(came_by) if came_by in types else None
        return [Step(channel, position == arrived) for position, channel in enumerate(types)]


def _type_of(step: Any) -> str:
    kind = step.get("type") if isinstance(step, dict) else None
    return kind[:16] if isinstance(kind, str) and kind.strip() else "?"


def _post(row: SandboxReceipt | SandboxInboundPost, posted: str = "posted", status: str = "") -> Post:
    words = f"{posted}, answered {row.http_status}" if row.http_status else row.problem
    return Post(row.created_at, words, Answer(row.http_status).taken, status)


@dataclass(frozen=True, slots=True)
class Sent:
    """One text that somebody typed on the phone, to the site."""

    inbound: SandboxInbound

    template = "lanck_sandbox/_sent.html"

    @property
    def key(self) -> str:
        return f"sent-{self.inbound.pk}"

    @property
    def at(self) -> datetime:
        return self.inbound.created_at

    @property
    def place(self) -> tuple[datetime, int]:
        return self.at, self.inbound.pk

    @property
    def say(self) -> str:
        return f"Text from {self.inbound.sender}"

    @property
    def recipient(self) -> str:
        return spaced(self.inbound.recipient)

    @property
    def posts(self) -> list[Post]:
        rows = self.inbound.posts.all()
        return [_post(row, "posted again" if position else "posted") for position, row in enumerate(rows)]

    @property
    def status_words(self) -> str:
        if posts := self.posts:
            return posts[-1].words
        return "not posted yet" if conf.inbound_url else NO_ADDRESS

    @property
    def tone(self) -> str:
        posts = self.posts
        return ("good" if posts[-1].good else "bad") if posts else "waiting"


def _requests() -> QuerySet[SandboxRequest]:
    """What was meant for a phone. A look-up of its number was not."""
    return SandboxRequest.objects.exclude(channel="hlr")


def latest_phones() -> list[Phone]:
    """The phones that were sent something last, or texted last, newest first."""
    groups = {
        group["number"]: group
        for group in _requests()
        .values("number")
        .annotate(last=Max("pk"), requests=Count("pk"))
        .order_by("-last")[:MOST_PHONES]
    }
    last = _requests().annotate(arrived=Count("messages")).in_bulk([group["last"] for group in groups.values()])
    phones = {
        number: Phone(number, request.created_at, group["requests"], _did(request, arrived=bool(request.arrived)))
        for number, group in groups.items()
        if (request := last.get(group["last"]))
    }
    texts = SandboxInbound.objects.values_list("sender").annotate(at=Max("created_at")).order_by("-at")[:MOST_PHONES]
    for number, at in texts:
        known = phones.get(number)
        if known is None or known.at < at:
            phones[number] = Phone(number, at, known.requests if known else 0, "Texted the site")
    return sorted(phones.values(), key=lambda phone: phone.at, reverse=True)[:MOST_PHONES]


def _did(request: SandboxRequest, *, arrived: bool) -> str:
    return kind_of(request.channel).title + ("" if arrived else ", did not arrive")


def latest_messages(number: str) -> QuerySet[SandboxMessage]:
    """What reached a phone, newest first."""
    return SandboxMessage.objects.filter(number=number).select_related("request").order_by("-pk")[:MOST_MESSAGES]


def latest_texts(number: str) -> QuerySet[SandboxInbound]:
    """What was typed on a phone, newest first, each with its posts in order."""
    posts = Prefetch("posts", SandboxInboundPost.objects.order_by("pk"))
    return SandboxInbound.objects.filter(sender=number).prefetch_related(posts).order_by("-pk")[:MOST_MESSAGES]


def entries(number: str) -> list[Received | Sent]:
    """What was sent to a phone, whether or not it arrived, and what the phone sent: newest first."""
    requests = (
        _requests().filter(number=number).prefetch_related("messages", "receipts").order_by("-pk")[:MOST_MESSAGES]
    )
    found: list[Received | Sent] = [Sent(inbound) for inbound in latest_texts(number)]
    for request in requests:
        messages: Iterable[SandboxMessage | None] = request.messages.all() or [None]
        found += [Received(request, message) for message in messages]
    return sorted(found, key=lambda entry: entry.place, reverse=True)[:MOST_MESSAGES]


def version() -> str:
    """A text that differs whenever anything that the page shows has changed."""
    state = SandboxRequest.objects.aggregate(changed=Max("updated_at"), newest=Max("pk"))
    changed = state["changed"].timestamp() if state["changed"] else 0
    newest_text, newest_post = (
        model.objects.aggregate(newest=Max("pk"))["newest"] for model in (SandboxInbound, SandboxInboundPost)
    )
    return "-".join(str(part or 0) for part in (state["newest"], changed, newest_text, newest_post))
