"""What happened to a verification or a message, in the order in which it happened."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from ..models import Message, Receipt, Status, Verification
from ..models.message import RANKS
from ..services import CallDetails, call_details
from .words import badge, call_end, channel_name


@dataclass(frozen=True, slots=True)
class Event:
    """``detail`` is shown on demand. ``after`` is what it cannot have come before, whatever LANCK's clock says."""

    at: datetime
    what: str
    badge: SafeString | None = None
    url: str = ""
    detail: str = ""
    after: datetime | None = None

    @property
    def place(self) -> datetime:
        return max(self.at, self.after or self.at)


def in_order(events: Iterable[Event]) -> list[Event]:
    return sorted(events, key=lambda event: event.place)


def verification_timeline(verification: Verification, veil: Callable[[Any], Any]) -> list[Event]:
    """Two statements. ``veil`` hides what this reader may not see of a text."""
    events = [Event(verification.created_at, _("The verification started."))]
    for message in verification.messages.order_by("pk").prefetch_related("receipts"):
        url = reverse("admin:lanck_message_change", args=[message.pk])
        events += [_sending(message, veil, url), *_course(message, veil)]
    if verification.ended_at:
        events.append(Event(verification.ended_at, _("The verification ended."), badge(verification.state)))
    if verification.proof_redeemed_at:
        events.append(Event(verification.proof_redeemed_at, _("The site took the proof.")))
    return in_order(events)


def message_timeline(message: Message, veil: Callable[[Any], Any]) -> list[Event]:
    """One statement. The same, with what LANCK's receipts said in full."""
    return in_order([_sending(message, veil), *_course(message, veil, in_full=True)])


def _sending(message: Message, veil: Callable[[Any], Any], url: str = "") -> Event:
    names = {"channel": channel_name(message.channel), "sender": message.sender}
    sent = _("Message (%(channel)s) from %(sender)s.") if message.sender else _("Message (%(channel)s).")
    reason = f" {veil(message.error_reason)}" if message.status == Status.REFUSED else ""
    return Event(message.created_at, sent % names + reason, _own_word(message), url)


def _own_word(message: Message) -> SafeString:
    """What became of the call that sent the message."""
    return badge(message.status if message.status_rank < RANKS[Status.ACCEPTED] else Status.ACCEPTED)


def _course(message: Message, veil: Callable[[Any], Any], *, in_full: bool = False) -> Iterator[Event]:
    receipts = [(receipt, call_details(receipt)) for receipt in message.receipts.all()]
    # Each receipt of a call tells the call so far, so most of it is told several times.
    told = dict.fromkeys(moment for _receipt, call in receipts if call for moment in _moments(call))
    for at, what in told:
        yield Event(at, what, after=message.created_at)
    for receipt, call in receipts:
        detail = json.dumps(veil(receipt.payload), ensure_ascii=False, indent=2) if in_full else ""
        yield Event(receipt.received_at, _report(receipt, call), badge(receipt.status), detail=detail)
    if message.goal_reached_at:
        yield Event(message.goal_reached_at, _("Goal reached: %s.") % message.get_goal_display())
    if message.goal_reported_at:
        yield Event(message.goal_reported_at, _("LANCK was told of the goal."))


def _moments(call: CallDetails) -> list[tuple[datetime, str]]:
    end = _end(call)
    moments = [
        (call.created_at, _("The call was made.")),
        (call.ring_started_at, _("The phone rang.")),
        (call.answered_at, _("The call was answered.")),
        (call.ended_at, _("The call ended: %s.") % end if end else _("The call ended.")),
    ]
    return [(at, what) for at, what in moments if at]


def _end(call: CallDetails) -> str:
    return call_end(sip_status=call.sip_status, duration=call.duration, billable=call.billable)


def _report(receipt: Receipt, call: CallDetails | None) -> str:
    end = _end(call) if call and not call.ended_at else ""
    said = _("LANCK reported, and repeated it %d×") % receipt.repeats if receipt.repeats else _("LANCK reported")
    return f"{said}: {end}." if end else f"{said}."
