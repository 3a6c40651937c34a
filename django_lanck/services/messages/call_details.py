"""What a receipt says about a call, typed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ...client import parse_time
from ...models import Receipt


@dataclass(frozen=True, slots=True)
class CallDetails:
    """The course of one call. ``duration`` is seconds. Source: "Callbacks (webhooks)" on LANCK's page.

    ``sip_status`` is the SIP code that the call ended with: 200 answered, 486 busy, 487 hung up before it was answered.
    """

    sip_status: int | None
    created_at: datetime | None
    ring_started_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    billable: bool | None
    duration: int | None


def call_details(receipt: Receipt) -> CallDetails | None:
    """The call that a receipt is about, or None for a receipt that says nothing of a call."""
    raw = receipt.payload
    if not CALL_KEYS & raw.keys():
        return None
    billable = raw.get("billable")
    return CallDetails(
        sip_status=_whole(raw.get("sipStatus")),
        created_at=parse_time(raw.get("callCreatedAt")),
        ring_started_at=parse_time(raw.get("callRingStartedAt")),
        answered_at=parse_time(raw.get("callAnsweredAt")),
        ended_at=parse_time(raw.get("callEndedAt")),
        billable=billable if isinstance(billable, bool) else None,
        duration=_whole(raw.get("duration")),
    )


CALL_KEYS = frozenset(
    ["sipStatus", "callCreatedAt", "callRingStartedAt", "callAnsweredAt", "callEndedAt", "billable", "duration"]
)


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
