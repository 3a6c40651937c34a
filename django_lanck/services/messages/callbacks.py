"""What LANCK posts to the webhooks, parsed into frozen events. Source: "Callbacks (webhooks)" on LANCK's page."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from ...client import parse_time, to_e164
from ...exceptions import Refusal
from ...models import Receipt
from ...models.inbound import PARTY_LENGTH

# Keys whose values may hold a person's number or code; on a flash call the calling number is the code.
SECRET_KEYS: Final = frozenset(["number", "code", "text", "flow", "payload"])
SECRET_KEYS_OF_FLASH: Final = frozenset(["from"])
CALL_KEYS: Final = frozenset(
    ["sipStatus", "callCreatedAt", "callRingStartedAt", "callAnsweredAt", "callEndedAt", "billable", "duration"]
)


@dataclass(frozen=True, slots=True)
class ReceiptEvent:
    """A delivery status that LANCK reports for one of its requests.

    ``at`` is LANCK's time, ``mccmnc`` the network code or an empty string, ``payload`` the JSON object as received and
    ``digest`` its SHA-256, by which a repeat is recognized.
    """

    request_id: str
    number: str = field(repr=False)
    status: str
    at: datetime | None
    mccmnc: str
    payload: Mapping[str, Any] = field(repr=False)
    digest: str


@dataclass(frozen=True, slots=True)
class InboundEvent:
    """An SMS that a person sent to a rented number. Each value fits its column; ``payload`` is the rest."""

    message_id: str
    sender: str = field(repr=False)
    recipient: str
    text: str = field(repr=False)
    parts: int | None
    provider_at: datetime | None
    payload: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class CallDetails:
    """The course of one call. ``duration`` is seconds.

    ``sip_status`` is the SIP code that the call ended with: 200 answered, 486 busy, 487 hung up before it was answered.
    """

    sip_status: int | None
    created_at: datetime | None
    ring_started_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    billable: bool | None
    duration: int | None


def parse_receipt(payload: object) -> ReceiptEvent:
    """Parse the JSON body of a receipt. Raises Refusal ``invalid_receipt``."""
    if not isinstance(payload, Mapping):
        raise Refusal("invalid_receipt")
    request_id, number, status = (payload.get(key) for key in ("requestId", "number", "status"))
    if not (isinstance(request_id, str) and isinstance(number, str | int) and isinstance(status, str)):
        raise Refusal("invalid_receipt")
    if not (0 < len(request_id) <= 128 and request_id == request_id.strip() and 0 < len(status) <= 32):
        raise Refusal("invalid_receipt")
    return ReceiptEvent(
        request_id=request_id,
        number=to_e164(str(number)),
        status=status,
        at=parse_time(payload.get("timestamp")),
        mccmnc=network_code(payload.get("mccmnc")),
        payload=payload,
        digest=hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest(),
    )


def parse_inbound(payload: object) -> InboundEvent:
    """Parse the JSON body of an inbound SMS. Raises Refusal ``invalid_inbound``."""
    if not isinstance(payload, Mapping):
        raise Refusal("invalid_inbound")
    message_id, sender = _line(payload.get("messageId")), to_e164(_line(payload.get("from")))
    if not 0 < len(message_id) <= 128 or not sender:
        raise Refusal("invalid_inbound")
    recipient, text, parts = to_e164(_line(payload.get("to"))), payload.get("text"), payload.get("parts")
    in_columns = {"messageId", "text"} if isinstance(text, str) else {"messageId"}
    in_columns |= {"from"} if len(sender) <= PARTY_LENGTH else set()
    in_columns |= {"to"} if len(recipient) <= PARTY_LENGTH else set()
    return InboundEvent(
        message_id=message_id,
        sender=sender[:PARTY_LENGTH],
        recipient=recipient[:PARTY_LENGTH],
        text=text if isinstance(text, str) else "",
        parts=parts if isinstance(parts, int) and 0 < parts < 2**15 and parts is not True else None,
        provider_at=parse_time(payload.get("timestamp")),
        payload={name: value for name, value in payload.items() if name not in in_columns},
    )


def call_details(receipt: Receipt) -> CallDetails | None:
    """Return the call that a stored receipt reports, or None for a receipt without call details."""
    payload = receipt.payload
    if not CALL_KEYS & payload.keys():
        return None
    billable = payload.get("billable")
    return CallDetails(
        sip_status=_count(payload.get("sipStatus")),
        created_at=parse_time(payload.get("callCreatedAt")),
        ring_started_at=parse_time(payload.get("callRingStartedAt")),
        answered_at=parse_time(payload.get("callAnsweredAt")),
        ended_at=parse_time(payload.get("callEndedAt")),
        billable=billable if isinstance(billable, bool) else None,
        duration=_count(payload.get("duration")),
    )


def payload_without_secrets(event: ReceiptEvent, *, is_flash: bool) -> Any:
    """Return the payload of a receipt without the keys that may hold a number or a code, at any depth."""
    return _without(event.payload, SECRET_KEYS | SECRET_KEYS_OF_FLASH if is_flash else SECRET_KEYS)


def _without(value: Any, keys: frozenset[str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _without(inner, keys) for key, inner in value.items() if key not in keys}
    return [_without(inner, keys) for inner in value] if isinstance(value, list) else value


def network_code(mccmnc: object) -> str:
    """Return a network code that fits its column, or an empty string."""
    return mccmnc if isinstance(mccmnc, str) and len(mccmnc) <= 6 else ""


def _line(value: object) -> str:
    return str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
