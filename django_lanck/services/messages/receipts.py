"""What LANCK says about a message: by its receipts, or when asked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.core import signing
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef
from django.urls import reverse

from ... import signals
from ...client import RequestInfo, get_client, parse_time, to_e164
from ...conf import conf
from ...exceptions import Refusal
from ...models import Message, MessageQuerySet, Receipt, Verification
from ...models.message import LANCKS_WORDS, rank_of
from ...models.time import site_day, start_of_day
from ..figures.days import mark_changed_days
from ..provider.call import call_provider

# What could hold a person's number or code; on a flash call the calling number is the code.
NOT_KEPT: Final = frozenset(["number", "code", "text", "flow", "payload"])
NOT_KEPT_OF_FLASH: Final = frozenset(["from"])
# Of one message. Some of the places are for those that raise its status, which can happen so often.
RECEIPTS_KEPT: Final = 50
RISES: Final = len(LANCKS_WORDS)


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
    are kept; of a message that was removed or forgotten, none. Raises Refusal ``not_found`` (token not ours, or the
    receipt is another message's) or ``invalid_receipt``. Must not be called inside a transaction.
    """
    message_id, facts = _message_id(token), _facts(payload)
    if signals.message_status_changed.has_listeners(Message) or not _take_plain(message_id, facts):
        _take_locked(message_id, facts)


def refresh_message(*, message: Message) -> bool:
    """Ask LANCK what became of a message; True when that is news. A message without request id stays as it is.

    Raises what the client raises (APIError, NotSent, OutcomeUnknown). Must not be called inside a transaction.
    """
    if message.request_id is None:
        return False
    client, request_id = get_client(), message.request_id
    return learn(message, call_provider(lambda: client.request_info(request_id=request_id)))


def learn(message: Message, info: RequestInfo) -> bool:
    """Take over what LANCK said when asked about a message; True when its status is news."""
    named = {**_network(info.mccmnc), "network": info.network[:100], "country": info.country[:2]}
    facts: dict[str, Any] = {name: value for name, value in named.items() if value}
    if (price := _price(info.rate)) is not None:
        facts["price"] = price
    with transaction.atomic():
        row = Message.objects.filter(pk=message.pk).locked()
        if row is None or row.is_forgotten:
            return False
        old_status = row.status
        news = _news(row, info.status[:32], None) if info.status else {}
        if facts or news:
            Message.objects.filter(pk=row.pk).update(**facts, **news)
            mark_changed_days(row.created_at, row.started_at)
        # Still locked: what comes after this is told by the one who learns it.
        message.refresh_from_db()
    if message.status != old_status:
        announce(message, old_status)
    return bool(news)


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
    if not (0 < len(request_id) <= 128 and request_id == request_id.strip() and 0 < len(status) <= 32):
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


def _take_plain(message_id: int, facts: _Facts) -> bool:
    """Take a receipt that moves the status up, as most do, without reading the message. False: it is not that plain.

    Of a message of an earlier day, or of a verification that began then, the figures may have been counted.
    The UPDATE comes first: on MariaDB an INSERT would share a lock on the message's row that two of them cannot widen.
    """
    if not NOT_KEPT_OF_FLASH.isdisjoint(facts.payload):
        return False
    try:
        with transaction.atomic(durable=True):
            taken = _young().raise_status(message_id, facts.request_id, facts.status, facts.at, **facts.network)
            if taken:
                _insert(message_id, facts, NOT_KEPT)
    except IntegrityError:  # kept before
        return False
    return taken


def _young() -> MessageQuerySet:
    """Messages of today, without those whose verification began before."""
    today = start_of_day(site_day())
    of_before = Verification.objects.filter(pk=OuterRef("verification_id"), created_at__lt=today)
    return Message.objects.filter(~Exists(of_before), created_at__gte=today)


def _take_locked(message_id: int, facts: _Facts) -> None:
    """Take any receipt. The message's lock keeps others out meanwhile."""
    try:
        with transaction.atomic(durable=True):
            message = Message.objects.filter(pk=message_id).locked()
            if message is None or message.is_forgotten:
                return
            old_status = message.status
            if changes := _apply(message, facts):
                Message.objects.filter(pk=message_id).update(**changes)
                mark_changed_days(message.created_at, message.started_at)
            kept = set(message.receipts.order_by().values_list("digest", flat=True))
            if facts.digest in kept:
                message.receipts.filter(digest=facts.digest).update(repeats=F("repeats") + 1)
            elif len(kept) < RECEIPTS_KEPT - RISES:
                _insert(message_id, facts, NOT_KEPT | (NOT_KEPT_OF_FLASH if message.is_flash else set()))
    except IntegrityError:  # another message learned this request id just now
        raise Refusal("not_found") from None
    if message.status != old_status:
        announce(message, old_status)


def _apply(message: Message, facts: _Facts) -> dict[str, Any]:
    """What a receipt changes in a message, which has it from now on."""
    changes = {**facts.network, **_learned_request_id(message, facts), **_news(message, facts.status, facts.at)}
    for name, value in changes.items():
        setattr(message, name, value)
    return changes


def _news(message: Message, status: str, at: datetime | None) -> dict[str, Any]:
    return {"status": status, "status_rank": rank_of(status), "status_at": at} if message.takes(status, at) else {}


def _learned_request_id(message: Message, facts: _Facts) -> dict[str, str]:
    """A receipt may bring the request id before the answer does; one for another request is refused."""
    if message.request_id == facts.request_id:
        return {}
    if message.request_id is not None or message.number != facts.number:
        raise Refusal("not_found")
    if Message.objects.filter(request_id=facts.request_id).exists():
        raise Refusal("not_found")
    return {"request_id": facts.request_id}


def _insert(message_id: int, facts: _Facts, hidden: Collection[str]) -> None:
    Receipt(
        message_id=message_id,
        digest=facts.digest,
        status=facts.status,
        provider_at=facts.at,
        payload=_without(facts.payload, hidden),
    ).save(force_insert=True)


def _without(value: Any, hidden: Collection[str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _without(inner, hidden) for key, inner in value.items() if key not in hidden}
    return [_without(inner, hidden) for inner in value] if isinstance(value, list) else value


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
