"""What is known about a number: its home register, and the fraud check."""

from __future__ import annotations

from typing import Final

from django.db import transaction

from ..api.calls import Answer, Call
from ..conf import conf
from ..networks import has_mobile_prefix
from . import ledger, magic, receipts, scheduler
from .delivery import Step

PASSED: Final = "PASSED"
NOT_MOBILE_PREFIX: Final = "NOT_MOBILE_PREFIX"
IMSI_DIGITS: Final = 15


def hlr(call: Call) -> Answer:
    """``POST /insight/hlr``. The answer is the outcome, so its one receipt says the same."""
    meaning = magic.meaning_of(call.values["number"])
    subscriber = meaning.subscriber
    with transaction.atomic():
        request = ledger.enter(call, "insight.hlr", "hlr", status=subscriber.status, network=subscriber.network)
        told = receipts.reports(request, meaning.delivery, [Step(subscriber.status)])
        scheduler.schedule_after_commit(scheduler.spaced(told, pause=conf.receipt_delay))
    return ledger.identity(request) | {
        "imsi": _imsi(request.mccmnc, request.number) if subscriber.known else None,
        "ported": subscriber.ported,
        "roaming": subscriber.roaming,
    }


def _imsi(mccmnc: str, number: str) -> str:
    return mccmnc + number.removeprefix("+").zfill(IMSI_DIGITS)[len(mccmnc) - IMSI_DIGITS :]


def fraudcheck(call: Call) -> Answer:
    """``POST /insight/fraudcheck``. There is no request id, and so no receipt."""
    number = call.values["number"]
    mobile = has_mobile_prefix(number)
    status = magic.meaning_of(number).fraud or (PASSED if mobile else NOT_MOBILE_PREFIX)
    return {"status": status, "mobilePrefix": mobile and status != NOT_MOBILE_PREFIX}
