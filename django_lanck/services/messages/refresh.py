"""Ask LANCK for the current status of one message."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import transaction

from ...client import RequestInfo, get_client
from ...models import Message
from ...models.status import StatusChange
from ..provider.call import call_provider
from .callbacks import network_code
from .statuses import announce, update_locked


def refresh_message(*, message: Message) -> bool:
    """Ask LANCK for the status of a message; return whether it changed. Does nothing without a request id.

    Raises what the client raises (APIError, NotSent, OutcomeUnknown). Must not be called inside a transaction.
    """
    if message.request_id is None:
        return False
    client, request_id = get_client(), message.request_id
    return apply_request_info(message, call_provider(lambda: client.request_info(request_id=request_id)))


def apply_request_info(message: Message, info: RequestInfo) -> bool:
    """Store what LANCK answers about the request of a message; return whether the status changed."""
    change = StatusChange.reported(info.status[:32], None) if info.status else None
    with transaction.atomic():
        row = Message.objects.filter(pk=message.pk).locked()
        if row is None or row.is_forgotten:
            return False
        old_status = row.status
        moved = update_locked(row, change, **_fields(info))
        # Read while the row is locked: a later change is announced by the process that makes it.
        message.refresh_from_db()
    if message.status != old_status:
        announce(message, old_status)
    return moved


def _fields(info: RequestInfo) -> dict[str, Any]:
    """Return the columns that LANCK's answer fills."""
    texts = {"mccmnc": network_code(info.mccmnc), "network": info.network[:100], "country": info.country[:2]}
    fields: dict[str, Any] = {name: value for name, value in texts.items() if value}
    price = _price(info.rate)
    return fields if price is None else {**fields, "price": price}


def _price(rate: str) -> Decimal | None:
    try:
        price = Decimal(rate).quantize(Decimal("0.000001"))
    except InvalidOperation:
        return None
    return price if price.is_finite() and 0 <= price < 1_000_000 else None
