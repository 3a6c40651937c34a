"""The queries of the handset page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Count, Max, Prefetch, QuerySet

from ..models import SandboxInbound, SandboxInboundPost, SandboxMessage, SandboxRequest
from ..provider.channels import HLR, channel_of
from .entries import Received, Sent, international

MAX_PHONES: Final = 20
MAX_MESSAGES: Final = 50


@dataclass(frozen=True, slots=True)
class Phone:
    """A number that was sent a message or has sent one. ``requests`` is the number of messages sent to it."""

    number: str
    at: datetime
    requests: int
    last_event: str

    @property
    def label(self) -> str:
        return international(self.number)


def latest_phones() -> list[Phone]:
    """Return the phones with the latest events, newest first."""
    groups = {
        group["number"]: group
        for group in _requests()
        .values("number")
        .annotate(last=Max("pk"), requests=Count("pk"))
        .order_by("-last")[:MAX_PHONES]
    }
    last = _requests().annotate(arrived=Count("messages")).in_bulk([group["last"] for group in groups.values()])
    phones = {
        number: Phone(number, request.created_at, group["requests"], _event(request, arrived=bool(request.arrived)))
        for number, group in groups.items()
        if (request := last.get(group["last"]))
    }
    texts = SandboxInbound.objects.values_list("sender").annotate(at=Max("created_at")).order_by("-at")[:MAX_PHONES]
    for number, at in texts:
        known = phones.get(number)
        if known is None or known.at < at:
            phones[number] = Phone(number, at, known.requests if known else 0, "Texted the site")
    return sorted(phones.values(), key=lambda phone: phone.at, reverse=True)[:MAX_PHONES]


def _requests() -> QuerySet[SandboxRequest]:
    """Return the requests that send something to a phone: all but HLR lookups."""
    return SandboxRequest.objects.exclude(channel=HLR.name)


def _event(request: SandboxRequest, *, arrived: bool) -> str:
    return channel_of(request.channel).title + ("" if arrived else ", did not arrive")


def latest_messages(number: str) -> QuerySet[SandboxMessage]:
    """Return the messages that a phone received, newest first."""
    return SandboxMessage.objects.filter(number=number).select_related("request").order_by("-pk")[:MAX_MESSAGES]


def latest_texts(number: str) -> QuerySet[SandboxInbound]:
    """Return the SMS from a phone with their posts, newest first."""
    posts = Prefetch("posts", SandboxInboundPost.objects.order_by("pk"))
    return SandboxInbound.objects.filter(sender=number).prefetch_related(posts).order_by("-pk")[:MAX_MESSAGES]


def entries_of(number: str) -> list[Received | Sent]:
    """Return the messages to a phone, whether or not they arrived, and those from it, newest first."""
    requests = _requests().filter(number=number).prefetch_related("messages", "receipts").order_by("-pk")[:MAX_MESSAGES]
    found: list[Received | Sent] = [Sent(inbound) for inbound in latest_texts(number)]
    for request in requests:
        messages: Iterable[SandboxMessage | None] = request.messages.all() or [None]
        found += [Received(request, message) for message in messages]
    return sorted(found, key=lambda entry: entry.sort_key, reverse=True)[:MAX_MESSAGES]


def version() -> str:
    """Return a text that changes with everything that the page shows."""
    state = SandboxRequest.objects.aggregate(changed=Max("updated_at"), newest=Max("pk"))
    changed = state["changed"].timestamp() if state["changed"] else 0
    newest_text, newest_post = (
        model.objects.aggregate(newest=Max("pk"))["newest"] for model in (SandboxInbound, SandboxInboundPost)
    )
    return "-".join(str(part or 0) for part in (state["newest"], changed, newest_text, newest_post))
