"""The delivery of an accepted request: the statuses that it goes through, and the bodies of its receipts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from ..models import SandboxRequest
from .content import Channel

Payload = dict[str, Any]

SENT: Final = "SENT"
DELIVERED: Final = "DELIVERED"
UNDELIVERED: Final = "UNDELIVERED"
REJECTED: Final = "REJECTED"
ANSWERED: Final = "ANSWERED"
FINAL: Final = frozenset([DELIVERED, UNDELIVERED, REJECTED, ANSWERED])

# The SIP status of a call by its final status. A flash call is cancelled by the caller: "487 Request Terminated".
SIP_STATUS: Final = {ANSWERED: 200, DELIVERED: 487, UNDELIVERED: 486, REJECTED: 603}


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A new status of a request. ``stored`` changes the row, ``posted`` posts a receipt."""

    status: str
    stored: bool = True
    posted: bool = True


def every_channel(channel: Channel) -> bool:
    return True


def no_channel(channel: Channel) -> bool:
    return False


def all_but(*names: str) -> Callable[[Channel], bool]:
    """Return a function that matches all channels but those of these names."""
    return lambda channel: channel.name not in names


def sms_and_calls(channel: Channel) -> bool:
    """Whether the channel needs neither an app nor a data connection."""
    return channel.name == "sms" or channel.is_call


@dataclass(frozen=True, slots=True)
class Delivery:
    """How messages to a number are delivered.

    ``reaches`` returns whether a channel reaches the phone. ``reads`` is whether the person reads what arrives.
    ``edit`` changes the body of a receipt before it is posted.
    """

    changes: tuple[StatusChange, ...] = (StatusChange(SENT), StatusChange(DELIVERED))
    reaches: Callable[[Channel], bool] = every_channel
    reads: bool = True
    edit: Callable[[Payload], Payload] = dict

    def changes_for(self, channel: Channel, *, arrives: bool) -> tuple[StatusChange, ...]:
        """Return the status changes, with DELIVERED replaced by the final status for this channel and result."""
        final = (ANSWERED if channel.is_answered else DELIVERED) if arrives else UNDELIVERED
        return tuple(replace(change, status=final) if change.status == DELIVERED else change for change in self.changes)


def receipt(request: SandboxRequest, channel: Channel, status: str, now: datetime) -> Payload:
    """Return the body of a receipt as LANCK documents it. All times are Unix seconds."""
    seconds = int(now.timestamp())
    payload: Payload = {
        "requestId": request.request_id,
        "number": request.number,
        "mccmnc": request.mccmnc,
        "status": status,
        "timestamp": seconds,
    }
    if channel.is_call and status in SIP_STATUS:
        payload |= _call_details(status, int(request.created_at.timestamp()), seconds)
    return payload


def _call_details(status: str, started: int, ended: int) -> Payload:
    answered = status == ANSWERED
    details: Payload = {"sipStatus": SIP_STATUS[status], "callCreatedAt": started}
    if status != REJECTED:
        details["callRingStartedAt"] = started
    if answered:
        details["callAnsweredAt"] = started
    duration = max(1, ended - started) if answered else 0
    return details | {
        "callEndedAt": started + duration if answered else ended,
        "billable": answered,
        "duration": duration,
    }


def only_required_keys(payload: Payload) -> Payload:
    """Return the receipt with the keys that every receipt has, and no others."""
    return {key: payload[key] for key in ("requestId", "number", "status")}


def other_format(payload: Payload) -> Payload:
    """Return the receipt with the number without its plus and the time in milliseconds."""
    return payload | {"number": payload["number"].lstrip("+"), "timestamp": payload["timestamp"] * 1000}


def other_number(payload: Payload) -> Payload:
    """Return the receipt with the number of another subscriber, which the site must not accept."""
    return payload | {"number": payload["number"][:-1] + str((int(payload["number"][-1]) + 1) % 10)}
