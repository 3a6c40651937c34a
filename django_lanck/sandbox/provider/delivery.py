"""What becomes of an accepted request: which statuses it goes through, and what its receipts say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from ..models import SandboxRequest

Payload = dict[str, Any]

SENT: Final = "SENT"
DELIVERED: Final = "DELIVERED"
UNDELIVERED: Final = "UNDELIVERED"
REJECTED: Final = "REJECTED"
ANSWERED: Final = "ANSWERED"
FINAL: Final = frozenset([DELIVERED, UNDELIVERED, REJECTED, ANSWERED])

PICKED_UP: Final = frozenset(["voice", "p2s", "t2s"])  # channels that ring until somebody answers
CALLS: Final = PICKED_UP | {"call", "flash"}

# How a call ended. A flash call is never picked up: the caller hangs up ("487 Request Terminated").
SIP_STATUS: Final = {ANSWERED: 200, DELIVERED: 487, UNDELIVERED: 486, REJECTED: 603}


@dataclass(frozen=True, slots=True)
class Step:
    """One event: the status changes unless ``recorded`` is off; a receipt is posted unless ``posted`` is."""

    status: str
    recorded: bool = True
    posted: bool = True


def everything(channel: str) -> bool:
    return True


def nothing(channel: str) -> bool:
    return False


def all_but(*channels: str) -> Callable[[str], bool]:
    return lambda channel: channel not in channels


def sms_and_calls(channel: str) -> bool:
    """What needs no app and no data connection."""
    return channel == "sms" or channel in CALLS


@dataclass(frozen=True, slots=True)
class Delivery:
    """The course of one delivery: ``reaches`` says by which channels the phone gets it, ``reads`` if it is read."""

    steps: tuple[Step, ...] = (Step(SENT), Step(DELIVERED))
    reaches: Callable[[str], bool] = everything
    reads: bool = True
    dress: Callable[[Payload], Payload] = dict

    def course(self, channel: str, *, arrives: bool) -> tuple[Step, ...]:
        """The steps in the channel's own words: who picks up a call has answered it."""
        ending = (ANSWERED if channel in PICKED_UP else DELIVERED) if arrives else UNDELIVERED
        return tuple(replace(step, status=ending) if step.status == DELIVERED else step for step in self.steps)


def receipt(request: SandboxRequest, status: str, now: datetime) -> Payload:
    """The body of a receipt as LANCK's page shows it; all times are Unix seconds."""
    seconds = int(now.timestamp())
    payload: Payload = {
        "requestId": request.request_id,
        "number": request.number,
        "mccmnc": request.mccmnc,
        "status": status,
        "timestamp": seconds,
    }
    if request.channel in CALLS and status in SIP_STATUS:
        payload |= _call_details(status, int(request.created_at.timestamp()), seconds)
    return payload


def _call_details(status: str, started: int, ended: int) -> Payload:
    rang = status != REJECTED
    answered = status == ANSWERED
    details: Payload = {"sipStatus": SIP_STATUS[status], "callCreatedAt": started}
    if rang:
        details["callRingStartedAt"] = started
    if answered:
        details["callAnsweredAt"] = started
    duration = max(1, ended - started) if answered else 0
    return details | {
        "callEndedAt": started + duration if answered else ended,
        "billable": answered,
        "duration": duration,
    }


def bare(payload: Payload) -> Payload:
    """Only what every receipt has."""
    return {key: payload[key] for key in ("requestId", "number", "status")}


def other_spelling(payload: Payload) -> Payload:
    """The number without its plus, the time in milliseconds: both have been seen."""
    return payload | {"number": payload["number"].lstrip("+"), "timestamp": payload["timestamp"] * 1000}


def other_number(payload: Payload) -> Payload:
    """Somebody else's number: no receipt to believe."""
    return payload | {"number": payload["number"][:-1] + str((int(payload["number"][-1]) + 1) % 10)}
