"""What LANCK knows about a number. An answer is kept, and used again for ``INSIGHT_LIFETIME`` instead of asked anew."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ...client import get_client
from ...conf import conf
from ...models import NumberInsight
from ..numbers import parse_number
from ..transactions import refuse_transaction
from .call import call_provider

if TYPE_CHECKING:
    from phonenumber_field.phonenumber import PhoneNumber

NOT_KEPT = ("number", "imsi", "payload")


def look_up(*, number: str | PhoneNumber, max_age: float | None = None, timeout: float | None = None) -> NumberInsight:
    """The HLR answer about a number: its network, and whether it is alive (``status`` ``DELIVERED``).

    ``max_age`` is how many seconds old a kept answer may be (default: ``INSIGHT_LIFETIME``; 0 asks anyway),
    ``timeout`` the seconds that asking may take (default: ``TOTAL_TIMEOUT``). Raises
    Refusal ``invalid_number``, and what the client raises (APIError, NotSent, OutcomeUnknown). Must not be called
    inside a transaction.
    """
    e164, known = _known(NumberInsight.Kind.HLR, number, max_age)
    if known:
        return known
    client = get_client()
    answer = call_provider(lambda: client.hlr(number=e164, timeout=timeout))
    return _keep(
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
    """The fraud check's answer about a number.

    ``status`` is ``PASSED``, ``NOT_MOBILE_PREFIX``, ``SUSPICIOUS`` or ``FRAUDULENT``; ``mobile_prefix`` whether the
    prefix is of a mobile network, if LANCK says. ``max_age``, ``timeout`` and errors as for :func:`look_up`.
    """
    e164, known = _known(NumberInsight.Kind.FRAUD, number, max_age)
    if known:
        return known
    client = get_client()
    answer = call_provider(lambda: client.fraud_check(number=e164, timeout=timeout))
    return _keep(
        NumberInsight.Kind.FRAUD, e164, answer.raw, status=answer.status[:32], mobile_prefix=answer.mobile_prefix
    )


def reused_until(insight: NumberInsight) -> datetime | None:
    """Return when an insight stops being returned instead of calling LANCK; None if a newer one replaced it."""
    newer = NumberInsight.objects.filter(number=insight.number, kind=insight.kind, pk__gt=insight.pk)
    return None if newer.exists() else insight.created_at + timedelta(seconds=conf.insight_lifetime)


def _known(kind: str, number: str | PhoneNumber, max_age: float | None) -> tuple[str, NumberInsight | None]:
    refuse_transaction()
    e164 = parse_number(number).as_e164
    return e164, NumberInsight.objects.newest(e164, kind, conf.insight_lifetime if max_age is None else max_age)


def _keep(kind: str, number: str, raw: Any, **facts: Any) -> NumberInsight:
    payload = {name: value for name, value in raw.items() if name not in NOT_KEPT}
    return NumberInsight.objects.create(number=number, kind=kind, payload=payload, **facts)
