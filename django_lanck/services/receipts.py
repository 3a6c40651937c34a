"""What LANCK says about a message: by its receipts, or when asked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.core import signing
from django.db import IntegrityError, transaction
from django.db.models import F
from django.urls import reverse

from .. import signals
from ..client import RequestInfo, get_client, parse_time, to_e164
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
            news = _take(message_id, facts, keep=_insert)
    except IntegrityError:  # kept before, or the request id is another message's
        with transaction.atomic(durable=True):
            news = _take(message_id, facts, keep=_count_repeat)
    if news:
        announce(*news)


def refresh_message(*, message: Message) -> bool:
    """Ask LANCK what became of a message; True when that is news. A message without request id stays as it is.

    Raises what the client raises (APIError, NotSent, OutcomeUnknown).
    """
    if message.request_id is None:
        return False
    client, request_id = get_client(), message.request_id
    return learn(message, ask(lambda: client.request_info(request_id=request_id)))


def learn(message: Message, info: RequestInfo) -> bool:
    """Take over what LANCK said when asked about a message; True when its status is news."""
    named = {**_network(info.mccmnc), "network": info.network[:100], "country": info.country[:2]}
    facts: dict[str, Any] = {name: value for name, value in named.items() if value}
    if (price := _price(info.rate)) is not None:
        facts["price"] = price
    with transaction.atomic():
        row = Message.objects.filter(pk=message.pk).locked()
        if row is None:
            return False
        old_status = row.status
        changed = bool(info.status) and _raise_status(row, info.status[:32], None)
        _save(row, facts)
    message.refresh_from_db()
    if changed and message.status != old_status:
        announce(message, old_status)
    return changed


def _signer() -> signing.Signer:
    # Made at use: it reads SECRET_KEY, and SECRET_KEY_FALLBACKS for tokens made before a rotation.
    return signing.Signer(salt="django_lanck.receipt")


def _message_id(token: str) -> int:
    try:
        return int(_signer().unsign(token))
    except (signing.BadSignature, ValueError):
        raise Refusal("not_found") from None


@dataclass(frozen=True, slots=True)
class _Facts:
    request_id: str
    number: str
    status: str
    at: datetime | None
    network: Mapping[str, str]
    payload: Mapping[str, Any]
    digest: str


def _facts(payload: object) -> _Facts:
    """The parts of a receipt that matter. Raises Refusal ``invalid_receipt``."""
    if not isinstance(payload, Mapping):
        raise Refusal("invalid_receipt")
    request_id, number, status = (payload.get(key) for key in ("requestId", "number", "status"))
    if not (isinstance(request_id, str) and isinstance(number, str | int) and isinstance(status, str)):
        raise Refusal("invalid_receipt")
    if not (0 < len(request_id) <= 128 and 0 < len(status) <= 32):
        raise Refusal("invalid_receipt")
    return _Facts(
        request_id=request_id,
        number=to_e164(str(number)),
        status=status,
        at=parse_time(payload.get("timestamp")),
        network=_network(payload.get("mccmnc")),
        payload=payload,
        digest=hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest(),
    )


def _take(message_id: int, facts: _Facts, keep: Callable[[Message, _Facts], None]) -> tuple[Message, str] | None:
    """Apply one receipt; what changed, or None. The message's lock keeps others out meanwhile."""
    message = Message.objects.filter(pk=message_id).locked()
    if message is None:
        return None
    learned = _learned_request_id(message, facts)
    keep(message, facts)
    old_status = message.status
    _raise_status(message, facts.status, facts.at)
    _save(message, {**facts.network, **learned})
    return (message, old_status) if message.status != old_status else None


def _learned_request_id(message: Message, facts: _Facts) -> dict[str, str]:
    """A receipt may bring the request id before the answer does; one for another request is refused."""
    if message.request_id == facts.request_id:
        return {}
    if message.request_id is not None or message.number != facts.number:
        raise Refusal("not_found")
    if Message.objects.filter(request_id=facts.request_id).exists():
        raise Refusal("not_found")
    return {"request_id": facts.request_id}


def _insert(message: Message, facts: _Facts) -> None:
    if message.receipts_kept >= RECEIPTS_KEPT:
        message.receipts.filter(digest=facts.digest).update(repeats=F("repeats") + 1)
        return
    hidden = NOT_KEPT + (NOT_KEPT_OF_FLASH if message.channel in FLASH_CHANNELS else ())
    Receipt(
        message=message,
        digest=facts.digest,
        status=facts.status,
        provider_at=facts.at,
        payload={key: value for key, value in facts.payload.items() if key not in hidden},
    ).save(force_insert=True)
    message.receipts_kept += 1


def _count_repeat(message: Message, facts: _Facts) -> None:
    if not message.receipts.filter(digest=facts.digest).update(repeats=F("repeats") + 1):
        raise Refusal("not_found")


def _raise_status(message: Message, status: str, at: datetime | None) -> bool:
    takes = message.takes(status, at)
    if takes:
        message.status, message.status_rank, message.status_at = status, rank_of(status), at
    return takes


def _save(message: Message, facts: Mapping[str, Any]) -> None:
    """Write what a locked message now says, in one statement."""
    for name, value in facts.items():
        setattr(message, name, value)
    names = ("status", "status_rank", "status_at", "receipts_kept", *facts)
    Message.objects.filter(pk=message.pk).update(**{name: getattr(message, name) for name in names})


def announce(message: Message, old_status: str) -> None:
    """Tell what a message's status was and is."""
    signals.message_status_changed.send_robust(
        Message, message=message, old_status=old_status, new_status=message.status
    )


def _network(mccmnc: object) -> dict[str, str]:
    return {"mccmnc": mccmnc} if isinstance(mccmnc, str) and 0 < len(mccmnc) <= 6 else {}


def _price(rate: object) -> Decimal | None:
    try:
        price = Decimal(str(rate)).quantize(Decimal("0.000001"))
    except InvalidOperation:
        return None
    return price if price.is_finite() and 0 <= price < 1_000_000 else None
