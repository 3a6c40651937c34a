"""Ask LANCK for the current status of messages."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet

from ...client import RequestInfo, get_client
from ...exceptions import LanckError, RequestNotFound
from ...models import Message
from ...models.status import StatusChange
from ..provider.call import call_provider
from .callbacks import network_code
from .statuses import announce, update_locked

MAX_MESSAGES: Final = 50
MAX_SECONDS: Final = 20


@dataclass(slots=True)
class Refreshed:
    """The result of refreshing messages.

    ``refreshed`` counts the calls, ``changed`` the messages with a new status, ``without_id`` the messages that LANCK
    cannot be called about. ``not_found`` are messages that LANCK does not know. If calling stopped early, ``error``
    is the error or ``timed_out`` is true.
    """

    refreshed: int = 0
    changed: int = 0
    without_id: int = 0
    not_found: list[Message] = field(default_factory=list)
    error: LanckError | None = None
    timed_out: bool = False


def refresh_message(*, message: Message) -> bool:
    """Ask LANCK for the status of a message; return whether it changed. Does nothing without a request id.

    Raises what the client raises (APIError, NotSent, OutcomeUnknown). Must not be called inside a transaction.
    """
    if message.request_id is None:
        return False
    client, request_id = get_client(), message.request_id
    return apply_request_info(message, call_provider(lambda: client.request_info(request_id=request_id)))


def refresh_messages(*, messages: QuerySet[Message]) -> Refreshed:
    """Refresh the first 50 messages for at most 20 seconds; stop at the first error but an unknown request.

    Must not be called inside a transaction.
    """
    done = Refreshed()
    ends = time.monotonic() + MAX_SECONDS
    for message in messages.exclude(request_id=None)[:MAX_MESSAGES]:
        if time.monotonic() > ends:
            done.timed_out = True
            break
        done.refreshed += 1
        try:
            done.changed += refresh_message(message=message)
        except RequestNotFound:
            done.not_found.append(message)
        except LanckError as error:
            done.error = error
            break
    done.without_id = messages.filter(request_id=None).count()
    return done


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
