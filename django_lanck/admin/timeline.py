"""The events of a verification, a message or an opt-out as a timeline."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ..models import Message, OptOut, Receipt, Status, Verification
from ..models.status import FINAL_RANK, RANKS, rank_of
from ..services import CallDetails, call_details
from .labels import badge, call_end, channel_noun
from .masking import Mask

# The result of sending a message.
SENDINGS: Final[Mapping[str, Any]] = {
    Status.SENDING: gettext_lazy("The %(channel)s is being sent to LANCK."),
    Status.UNKNOWN: gettext_lazy("It is not known whether LANCK accepted the %(channel)s."),
    Status.REFUSED: gettext_lazy("The %(channel)s was refused and not sent."),
    Status.ACCEPTED: gettext_lazy("LANCK accepted the %(channel)s."),
}


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a timeline. ``detail`` can be opened.

    ``after`` is the time of an event that came earlier, also if LANCK's clock says otherwise.
    """

    at: datetime
    what: str
    badge: SafeString | None = None
    url: str = ""
    detail: str = ""
    after: datetime | None = None

    @property
    def sort_time(self) -> datetime:
        return max(self.at, self.after or self.at)


def in_order(events: Iterable[Event]) -> list[Event]:
    return sorted(events, key=lambda event: event.sort_time)


def verification_timeline(verification: Verification, mask: Mask) -> list[Event]:
    """Return the timeline of a verification. Two statements."""
    messages = verification.messages.order_by("pk").prefetch_related("receipts")
    return in_order([*verification_events(verification), *code_events(messages, mask)])


def message_timeline(message: Message, mask: Mask) -> list[Event]:
    """Return the timeline of a message, with the receipts as LANCK sent them. One statement."""
    return in_order(_message_events(message, mask, in_full=True))


def verification_events(verification: Verification, url: str = "") -> Iterator[Event]:
    started = _("A verification started (%s).") % verification.purpose
    yield Event(verification.created_at, started, url=url)
    state = verification.current_state
    if state != Verification.State.PENDING:
        text = ngettext("%d wrong code was typed.", "%d wrong codes were typed.", verification.failures)
        wrong_codes = f" {text % verification.failures}" if verification.failures else ""
        # An expired verification has no ended_at until it is marked as expired.
        ended_at = verification.ended_at or verification.expires_at
        yield Event(ended_at, _("The verification ended.") + wrong_codes, badge(state))
    if verification.proof_redeemed_at:
        yield Event(verification.proof_redeemed_at, _("The site redeemed the proof."))


def code_events(messages: Iterable[Message], mask: Mask) -> Iterator[Event]:
    """Yield the events of messages, oldest first. All messages of a verification but its first are resends."""
    seen = set()
    for message in messages:
        is_resend = message.verification_id in seen
        if message.verification_id:
            seen.add(message.verification_id)
        url = reverse("admin:lanck_message_change", args=[message.pk])
        yield from _message_events(message, mask, url, is_resend=is_resend)


def opt_out_events(row: OptOut) -> Iterator[Event]:
    yield Event(row.opted_out_at, _("The number was put on the list of opt-outs."), badge("active"))
    if row.lifted_at:
        yield Event(row.lifted_at, _("The opt-out was lifted."), badge("lifted"))


def _message_events(
    message: Message, mask: Mask, url: str = "", *, is_resend: bool = False, in_full: bool = False
) -> Iterator[Event]:
    yield _sending(message, mask, url, is_resend=is_resend)
    yield from _delivery(message, mask, in_full=in_full)


def _sending(message: Message, mask: Mask, url: str, *, is_resend: bool) -> Event:
    status = _sending_status(message)
    sentences = [str(SENDINGS[status]) % {"channel": channel_noun(message.channel)}]
    if message.is_test:
        sentences = [_("A test number: its code is fixed, and nothing is sent.")]
    if is_resend:
        sentences.insert(0, _("Another code was requested."))
    if message.sender:
        sentences.append(_("The sender is %s.") % message.sender)
    if status == Status.REFUSED and message.error_reason:
        sentences.append(mask(message.error_reason))
    return Event(message.created_at, " ".join(sentences), badge(status), url)


def _sending_status(message: Message) -> Status:
    """Return the status that the message had before any receipt."""
    is_own = message.status_rank < RANKS[Status.ACCEPTED] and message.status in SENDINGS
    return Status(message.status) if is_own else Status.ACCEPTED


def _delivery(message: Message, mask: Mask, *, in_full: bool) -> Iterator[Event]:
    receipts = [(receipt, call_details(receipt)) for receipt in message.receipts.all()]
    # Each receipt of a call contains the whole call so far. Events that are in several receipts are shown once.
    events = dict.fromkeys(event for _receipt, call in receipts if call for event in _call_events(call))
    for at, what in events:
        yield Event(at, what, after=message.created_at)
    for receipt, call in receipts:
        detail = json.dumps(mask(receipt.payload), ensure_ascii=False, indent=2) if in_full else ""
        yield Event(receipt.received_at, _report(message, receipt, call), badge(receipt.status), detail=detail)
    if message.goal_reached_at:
        yield Event(message.goal_reached_at, _("Goal reached: %s.") % message.get_goal_display())
    if message.goal_reported_at:
        yield Event(message.goal_reported_at, _("The goal was reported to LANCK."))


def _call_events(call: CallDetails) -> list[tuple[datetime, str]]:
    end = _end(call)
    events = [
        (call.created_at, _("The call was made.")),
        (call.ring_started_at, _("The phone rang.")),
        (call.answered_at, _("The call was answered.")),
        (call.ended_at, _("The call ended: %s.") % end if end else _("The call ended.")),
    ]
    return [(at, what) for at, what in events if at]


def _end(call: CallDetails) -> str:
    return call_end(sip_status=call.sip_status, duration=call.duration, billable=call.billable)


def _report(message: Message, receipt: Receipt, call: CallDetails | None) -> str:
    """Return the text of a receipt. A final status comes from the network, any other from LANCK."""
    by_network = rank_of(receipt.status) >= FINAL_RANK
    text = (
        _("The network reported %(status)s (%(channel)s)")
        if by_network
        else _("LANCK reported %(status)s (%(channel)s)")
    )
    text %= {"status": receipt.status, "channel": channel_noun(message.channel)}
    end = _end(call) if call and not call.ended_at else ""
    again = ngettext("LANCK repeated it %d time.", "LANCK repeated it %d times.", receipt.repeats) % receipt.repeats
    return f"{text}: {end}." if end else f"{text}." + (f" {again}" if receipt.repeats else "")
