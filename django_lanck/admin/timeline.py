"""What happened to a verification, a message or a number, in plain words and in the order in which it happened."""

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

# What became of the call that sent a message.
SENDINGS: Final[Mapping[str, Any]] = {
    Status.SENDING: gettext_lazy("The %(channel)s is being handed to LANCK."),
    Status.UNKNOWN: gettext_lazy("It is not known whether LANCK took the %(channel)s."),
    Status.REFUSED: gettext_lazy("The %(channel)s was refused and not sent."),
    Status.ACCEPTED: gettext_lazy("LANCK accepted the %(channel)s."),
}


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


def verification_timeline(verification: Verification, mask: Mask) -> list[Event]:
    """Two statements. ``mask`` masks numbers in texts."""
    messages = verification.messages.order_by("pk").prefetch_related("receipts")
    return in_order([*verification_events(verification), *code_events(messages, mask)])


def message_timeline(message: Message, mask: Mask) -> list[Event]:
    """One statement. The same, with what LANCK's receipts said in full."""
    return in_order(_message_events(message, mask, in_full=True))


def verification_events(verification: Verification, url: str = "") -> Iterator[Event]:
    started = _("A verification started (%s).") % verification.purpose
    yield Event(verification.created_at, started, url=url)
    state = verification.current_state
    if state != Verification.State.PENDING:
        typed = ngettext("%d wrong code was typed.", "%d wrong codes were typed.", verification.failures)
        wrong = f" {typed % verification.failures}" if verification.failures else ""
        # One whose time is over has ended, also where nobody noted it yet.
        ended_at = verification.ended_at or verification.expires_at
        yield Event(ended_at, _("The verification ended.") + wrong, badge(state))
    if verification.proof_redeemed_at:
        yield Event(verification.proof_redeemed_at, _("The site took the proof."))


def code_events(messages: Iterable[Message], mask: Mask) -> Iterator[Event]:
    """What became of messages, oldest first: of a verification's, all but the first one are resends."""
    begun = set()
    for message in messages:
        is_resend = message.verification_id in begun
        if message.verification_id:
            begun.add(message.verification_id)
        url = reverse("admin:lanck_message_change", args=[message.pk])
        yield from _message_events(message, mask, url, is_resend=is_resend)


def opt_out_events(row: OptOut) -> Iterator[Event]:
    yield Event(row.opted_out_at, _("The number was put on the list of opt-outs."), badge("standing"))
    if row.lifted_at:
        yield Event(row.lifted_at, _("The opt-out was lifted."), badge("lifted"))


def _message_events(
    message: Message, mask: Mask, url: str = "", *, is_resend: bool = False, in_full: bool = False
) -> Iterator[Event]:
    yield _sending(message, mask, url, is_resend=is_resend)
    yield from _course(message, mask, in_full=in_full)


def _sending(message: Message, mask: Mask, url: str, *, is_resend: bool) -> Event:
    word = _own_word(message)
    said = [str(SENDINGS[word]) % {"channel": channel_noun(message.channel)}]
    if message.is_test:
        said = [_("A test number: its code is fixed, and nothing is sent.")]
    if is_resend:
        said.insert(0, _("Another code was asked for."))
    if message.sender:
        said.append(_("The sender is %s.") % message.sender)
    if word == Status.REFUSED and message.error_reason:
        said.append(mask(message.error_reason))
    return Event(message.created_at, " ".join(said), badge(word), url)


def _own_word(message: Message) -> Status:
    """What became of the call that sent the message."""
    is_own = message.status_rank < RANKS[Status.ACCEPTED] and message.status in SENDINGS
    return Status(message.status) if is_own else Status.ACCEPTED


def _course(message: Message, mask: Mask, *, in_full: bool) -> Iterator[Event]:
    receipts = [(receipt, call_details(receipt)) for receipt in message.receipts.all()]
    # Each receipt of a call tells the call so far, so most of it is told several times.
    told = dict.fromkeys(moment for _receipt, call in receipts if call for moment in _moments(call))
    for at, what in told:
        yield Event(at, what, after=message.created_at)
    for receipt, call in receipts:
        detail = json.dumps(mask(receipt.payload), ensure_ascii=False, indent=2) if in_full else ""
        yield Event(receipt.received_at, _report(message, receipt, call), badge(receipt.status), detail=detail)
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


def _report(message: Message, receipt: Receipt, call: CallDetails | None) -> str:
    """What LANCK hears at the end comes from the network."""
    by_network = rank_of(receipt.status) >= FINAL_RANK
    said = _("The network said %(word)s (%(channel)s)") if by_network else _("LANCK said %(word)s (%(channel)s)")
    said %= {"word": receipt.status, "channel": channel_noun(message.channel)}
    end = _end(call) if call and not call.ended_at else ""
    again = ngettext("LANCK repeated it %d time.", "LANCK repeated it %d times.", receipt.repeats) % receipt.repeats
    return f"{said}: {end}." if end else f"{said}." + (f" {again}" if receipt.repeats else "")
