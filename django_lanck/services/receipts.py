"""What LANCK says about a message: by its receipts, or when asked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.core import signing
from django.db import IntegrityError, transaction
from django.db.models import Count, F, OuterRef, Subquery
from django.urls import reverse

from .. import signals
from ..client import get_client, parse_time, to_e164
from ..conf import conf
from ..exceptions import Refusal
from ..models import Message, Receipt
from ..models.message import rank_of
from .asking import ask

# What could hold a person's number or code; on a flash call the calling number is the code.
NOT_KEPT: Final = ("number", "code", "text", "flow", "payload")
NOT_KEPT_OF_FLASH: Final = ("from",)
FLASH_CHANNELS: Final = ("call", "flash")
RECEIPTS_KEPT: Final = 50


def callback_url(message: Message) -> str | None:
    """The address for LANCK's receipts of one message, which only this site could have made.

    None without ``CALLBACK_BASE_URL``: then statuses come only when LANCK is asked.
    """
    if not conf.callback_base_url:
        return None
    return conf.callback_base_url + reverse("lanck:receipt", args=[_signer().sign(str(message.pk))])


def record_receipt(*, token: str, payload: object) -> None:
    """Keep one callback, and move its message's status up if it says something newer.

    ``payload`` is the parsed JSON body. The same receipt again is counted; of one message at most 50 different ones
    are kept; of a message that was removed, none. Raises Refusal ``not_found`` (token not ours, or the receipt is
    another message's) or ``invalid_receipt``. Must not be called inside a transaction.
    """
    message_id = _message_id(token)
    facts = _facts(payload)
    try:
        with transaction.atomic(durable=True):
            message = _locked_message(message_id, facts["digest"])
            if message is None:
                return
            learned = _learned_request_id(message, facts)
            _keep(message, facts)
            old_status = message.status
            changed = _raise_status(message, facts["status"], facts["at"], {**facts["network"], **learned})
    except IntegrityError:  # the request id is another message's
        raise Refusal("not_found") from None
    if changed and message.status != old_status:
        _announce(message, old_status)


def refresh_message(*, message: Message) -> bool:
    """Ask LANCK what became of a message; True when that is news. A message without request id stays as it is.

    Raises what the client raises (APIError, NotSent, OutcomeUnknown).
    """
    if message.request_id is None:
        return False
    client, request_id = get_client(), message.request_id
    info = ask(lambda: client.request_info(request_id=request_id))
    facts = {**_network(info.mccmnc), "network": info.network[:100], "country": info.country[:2]}
    facts = {name: value for name, value in facts.items() if value}
    if (price := _price(info.rate)) is not None:
        facts["price"] = price
    old_status = message.status
    changed = bool(info.status) and _raise_status(message, info.status[:32], None, facts)
    if not changed:
        Message.objects.filter(pk=message.pk).update(**facts)
    message.refresh_from_db()
    if changed and message.status != old_status:
        _announce(message, old_status)
    return changed


def _signer() -> signing.Signer:
    # Made at use: it reads SECRET_KEY, and SECRET_KEY_FALLBACKS for tokens made before a rotation.
    return signing.Signer(salt="django_lanck.receipt")


def _message_id(token: str) -> int:
    try:
        return int(_signer().unsign(token))
    except (signing.BadSignature, ValueError):
        raise Refusal("not_found") from None


def _facts(payload: object) -> dict[str, Any]:
    """The parts of a receipt that matter. Raises Refusal ``invalid_receipt``."""
    if not isinstance(payload, Mapping):
        raise Refusal("invalid_receipt")
    request_id, number, status = (payload.get(key) for key in ("requestId", "number", "status"))
    fits = isinstance(request_id, str) and 0 < len(request_id) <= 128
    fits = fits and isinstance(status, str) and 0 < len(status) <= 32
    if not fits or not isinstance(number, str | int):
        raise Refusal("invalid_receipt")
    return {
        "request_id": request_id,
        "number": to_e164(str(number)),
        "status": status,
        "at": parse_time(payload.get("timestamp")),
        "network": _network(payload.get("mccmnc")),
        "payload": payload,
        "digest": hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest(),
    }


def _locked_message(message_id: int, digest: str) -> Message | None:
    """The message, locked until the transaction ends, with what is known of its receipts."""
    row = Message.objects.filter(pk=message_id)
    row.lock()
    receipts = Receipt.objects.filter(message=OuterRef("pk")).order_by()
    return row.annotate(
        same_receipt=Subquery(receipts.filter(digest=digest).values("pk")),
        receipts_kept=Subquery(receipts.values("message").annotate(kept=Count("pk")).values("kept")),
    ).first()


def _learned_request_id(message: Message, facts: Mapping[str, Any]) -> dict[str, str]:
    """A receipt may bring the request id before the answer does; one for another request is refused."""
    if message.request_id == facts["request_id"]:
        return {}
    if message.request_id is not None or message.number != facts["number"]:
        raise Refusal("not_found")
    message.request_id = facts["request_id"]
    return {"request_id": facts["request_id"]}


def _keep(message: Any, facts: Mapping[str, Any]) -> None:
    """Store the receipt, or count it as a repeat. The message's lock keeps others out meanwhile."""
    if message.same_receipt:
        message.receipts.filter(pk=message.same_receipt).update(repeats=F("repeats") + 1)
        return
    if (message.receipts_kept or 0) >= RECEIPTS_KEPT:
        return
    hidden = NOT_KEPT + (NOT_KEPT_OF_FLASH if message.channel in FLASH_CHANNELS else ())
    Receipt.objects.create(
        message=message,
        digest=facts["digest"],
        status=facts["status"],
        provider_at=facts["at"],
        payload={key: value for key, value in facts["payload"].items() if key not in hidden},
    )


def _raise_status(message: Message, status: str, at: datetime | None, fields: Mapping[str, Any]) -> bool:
    changed = Message.objects.filter(pk=message.pk).raise_status(status, at, **fields)
    if changed:
        now_known = {"status": status, "status_rank": rank_of(status), "status_at": at, **fields}
        for name, value in now_known.items():
            setattr(message, name, value)
    return changed


def _announce(message: Message, old_status: str) -> None:
    signals.message_status_changed.send_robust(
        Message, message=message, old_status=old_status, new_status=message.status
    )


def _network(mccmnc: object) -> dict[str, Any]:
    return {"mccmnc": mccmnc} if isinstance(mccmnc, str) and 0 < len(mccmnc) <= 6 else {}


def _price(rate: object) -> Decimal | None:
    try:
        price = Decimal(str(rate)).quantize(Decimal("0.000001"))
    except InvalidOperation:
        return None
    return price if price.is_finite() and 0 <= price < 1_000_000 else None
