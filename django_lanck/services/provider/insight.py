"""HLR lookup and fraud check. Results are stored and reused for ``INSIGHT_LIFETIME``."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ...client import get_client
from ...conf import conf
from ...models import NumberInsight
from ..numbers import parse_known_number
from ..transactions import refuse_transaction
from .call import call_provider

if TYPE_CHECKING:
    from phonenumber_field.phonenumber import PhoneNumber

# Keys of LANCK's answer that are stored in columns, or nowhere.
NOT_STORED = ("number", "imsi", "payload")


def look_up(*, number: str | PhoneNumber, max_age: float | None = None, timeout: float | None = None) -> NumberInsight:
    """Return the HLR lookup of a number: its network, and whether it is in use (``status`` ``DELIVERED``).

    ``max_age`` is the maximum age of a stored result in seconds (default: ``INSIGHT_LIFETIME``; 0 always calls LANCK),
    ``timeout`` the maximum duration of the call (default: ``TOTAL_TIMEOUT``). Raises Refusal ``invalid_number``, and
    what the client raises (APIError, NotSent, OutcomeUnknown). Must not be called inside a transaction.
    """
    e164, stored = _stored(NumberInsight.Kind.HLR, number, max_age)
    if stored:
        return stored
    client = get_client()
    answer = call_provider(lambda: client.hlr(number=e164, timeout=timeout))
    return _store(
        NumberInsight.Kind.HLR,
        e164,
        answer.raw,
        status=answer.status[:32],
        mccmnc=answer.mccmnc[:6],
        network=answer.network[:100],
        country=answer.country[:2],
        imsi=answer.imsi[:20],
        ported=answer.ported,
        roaming=answer.roaming,
        request_id=answer.request_id[:128],
    )


def check_fraud(
    *, number: str | PhoneNumber, max_age: float | None = None, timeout: float | None = None
) -> NumberInsight:
    """Return the fraud check of a number.

    ``status`` is ``PASSED``, ``NOT_MOBILE_PREFIX``, ``SUSPICIOUS`` or ``FRAUDULENT``; ``mobile_prefix`` is whether the
    prefix belongs to a mobile network, if LANCK reports it. ``max_age``, ``timeout`` and errors as for :func:`look_up`.
    """
    e164, stored = _stored(NumberInsight.Kind.FRAUD, number, max_age)
    if stored:
        return stored
    client = get_client()
    answer = call_provider(lambda: client.fraud_check(number=e164, timeout=timeout))
    return _store(
        NumberInsight.Kind.FRAUD, e164, answer.raw, status=answer.status[:32], mobile_prefix=answer.mobile_prefix
    )


def reused_until(insight: NumberInsight) -> datetime | None:
    """Return when an insight stops being returned instead of calling LANCK; None if a newer one replaced it."""
    newer = NumberInsight.objects.filter(number=insight.number, kind=insight.kind, pk__gt=insight.pk)
    return None if newer.exists() else insight.created_at + timedelta(seconds=conf.insight_lifetime)


def _stored(kind: str, number: str | PhoneNumber, max_age: float | None) -> tuple[str, NumberInsight | None]:
    refuse_transaction()
    e164 = parse_known_number(number).as_e164
    return e164, NumberInsight.objects.newest(e164, kind, conf.insight_lifetime if max_age is None else max_age)


def _store(kind: str, number: str, raw: Any, **fields: Any) -> NumberInsight:
    payload = {name: value for name, value in raw.items() if name not in NOT_STORED}
    return NumberInsight.objects.create(number=number, kind=kind, payload=payload, **fields)
