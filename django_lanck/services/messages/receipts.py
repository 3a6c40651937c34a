"""Store LANCK's receipts and update the status of their messages."""

from __future__ import annotations

from typing import Any, Final

from django.core import signing
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef
from django.urls import reverse

from ... import signals
from ...conf import conf
from ...exceptions import Refusal
from ...models import Message, MessageQuerySet, Receipt, Verification
from ...models.status import LANCK_STATUSES, StatusChange
from ...models.time import site_day, start_of_day
from .callbacks import SECRET_KEYS_OF_FLASH, ReceiptEvent, parse_receipt, payload_without_secrets
from .statuses import announce, update_locked

# Stored receipts of one message. Receipts that raise its status have places of their own: there are not more of them
# than there are statuses.
MAX_RECEIPTS: Final = 50
MAX_RAISES: Final = len(LANCK_STATUSES)


def callback_url(message: Message) -> str | None:
    """Return the URL for the receipts of one message, with a signed token, or None without ``CALLBACK_BASE_URL``.

    Without receipts a status only changes when it is refreshed.
    """
    if not conf.callback_base_url:
        return None
    return conf.callback_base_url + reverse("lanck:receipt", args=[_signer().sign(str(message.pk))])


def record_receipt(*, token: str, payload: object) -> None:
    """Store one receipt, and update the status of its message if the receipt's status is higher.

    ``payload`` is the parsed JSON body. A repeat is counted. At most 50 different receipts of one message are stored,
    and none of a message that was deleted or forgotten. Raises Refusal ``not_found`` (the token is invalid, or the
    receipt is for another message) or ``invalid_receipt``. Must not be called inside a transaction.
    """
    message_id, event = _message_id(token), parse_receipt(payload)
    if signals.message_status_changed.has_listeners(Message) or not _record_without_lock(message_id, event):
        _record_locked(message_id, event)


def _signer() -> signing.Signer:
    # Not a constant: it reads SECRET_KEY, and SECRET_KEY_FALLBACKS for tokens from before a rotation.
    return signing.Signer(salt="django_lanck.receipt")


def _message_id(token: str) -> int:
    try:
        return int(_signer().unsign(token))
    except (signing.BadSignature, ValueError):
        raise Refusal("not_found") from None


def _record_without_lock(message_id: int, event: ReceiptEvent) -> bool:
    """Record a receipt with a higher rank in two statements, without reading the message; return whether it did.

    Most receipts are of this kind. Messages of earlier days need the lock, because their figures may have been counted.
    The UPDATE comes first: on MariaDB an INSERT takes a shared lock on the message's row, which two
    transactions cannot both turn into the exclusive one.
    """
    if not SECRET_KEYS_OF_FLASH.isdisjoint(event.payload):
        return False  # only the message says whether it is a flash call
    change, fields = StatusChange.reported(event.status, event.at), _fields(event)
    row = _created_today().filter(pk=message_id, request_id=event.request_id)
    try:
        with transaction.atomic(durable=True):
            raised = row.write_status(change, **fields)
            if raised:
                _insert(message_id, event, is_flash=False)
    except IntegrityError:  # a repeat
        return False
    return raised


def _created_today() -> MessageQuerySet:
    """Return the messages of today, without those whose verification began earlier."""
    today = start_of_day(site_day())
    earlier = Verification.objects.filter(pk=OuterRef("verification_id"), created_at__lt=today)
    return Message.objects.filter(~Exists(earlier), created_at__gte=today)


def _record_locked(message_id: int, event: ReceiptEvent) -> None:
    """Record any receipt while the message's row is locked."""
    try:
        with transaction.atomic(durable=True):
            message = Message.objects.filter(pk=message_id).locked()
            if message is None or message.is_forgotten:
                return
            old_status = message.status
            fields = {**_fields(event), **_new_request_id(message, event)}
            update_locked(message, StatusChange.reported(event.status, event.at), **fields)
            digests = set(message.receipts.order_by().values_list("digest", flat=True))
            if event.digest in digests:
                message.receipts.filter(digest=event.digest).update(repeats=F("repeats") + 1)
            elif len(digests) < MAX_RECEIPTS - MAX_RAISES:
                _insert(message_id, event, is_flash=message.is_flash)
    except IntegrityError:  # another message received this request id at the same time
        raise Refusal("not_found") from None
    if message.status != old_status:
        announce(message, old_status)


def _fields(event: ReceiptEvent) -> dict[str, Any]:
    return {"mccmnc": event.mccmnc} if event.mccmnc else {}


def _new_request_id(message: Message, event: ReceiptEvent) -> dict[str, str]:
    """Return the request id of a receipt that arrives before LANCK's answer. Raises Refusal for another request's."""
    if message.request_id == event.request_id:
        return {}
    if message.request_id is not None or message.number != event.number:
        raise Refusal("not_found")
    if Message.objects.filter(request_id=event.request_id).exists():
        raise Refusal("not_found")
    return {"request_id": event.request_id}


def _insert(message_id: int, event: ReceiptEvent, *, is_flash: bool) -> None:
    Receipt(
        message_id=message_id,
        digest=event.digest,
        status=event.status,
        provider_at=event.at,
        payload=payload_without_secrets(event, is_flash=is_flash),
    ).save(force_insert=True)
