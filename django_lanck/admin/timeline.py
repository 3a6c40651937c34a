"""What happened to a verification, in the order in which it happened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from ..models import Message, Receipt, Status, Verification
from .base import badge


@dataclass(frozen=True, slots=True)
class Event:
    at: datetime
    what: str
    badge: SafeString | None = None
    url: str = ""


def timeline(verification_id: str) -> list[Event]:
    """The events of a verification, oldest first. Three statements."""
    verification = Verification.objects.get(pk=verification_id)
    events = list(_own_events(verification))
    for message in verification.messages.order_by("pk").prefetch_related("receipts"):
        events += _message_events(message)
    return sorted(events, key=lambda event: event.at)


def _own_events(verification: Verification) -> Iterator[Event]:
    yield Event(verification.created_at, _("The verification started."))
    if verification.ended_at:
        yield Event(verification.ended_at, _("The verification ended."), badge(verification.state))
    if verification.proof_redeemed_at:
        yield Event(verification.proof_redeemed_at, _("The site took the proof."))


def _message_events(message: Message) -> Iterator[Event]:
    names = {"channel": message.channel, "sender": message.sender}
    sent = _("A message by %(channel)s, from %(sender)s.") if message.sender else _("A message by %(channel)s.")
    url = reverse("admin:lanck_message_change", args=[message.pk])
    reason = f" {message.error_reason}" if message.status == Status.REFUSED else ""
    yield Event(message.created_at, sent % names + reason, _own_word(message), url)
    for receipt in message.receipts.all():
        yield Event(receipt.received_at, _receipt_text(receipt), badge(receipt.status))


def _own_word(message: Message) -> SafeString:
    """What became of the call that sent the message."""
    own = (Status.SENDING, Status.UNKNOWN, Status.REFUSED)
    return badge(message.status if message.status in own else Status.ACCEPTED)


def _receipt_text(receipt: Receipt) -> str:
    if receipt.repeats:
        return _("LANCK reported, and repeated it %(repeats)d×.") % {"repeats": receipt.repeats}
    return _("LANCK reported.")
