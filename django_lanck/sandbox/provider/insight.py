"""HLR lookups and fraud checks."""

from __future__ import annotations

from typing import Final

from django.db import transaction

from ..api.parameters import Parameters, ResponseBody
from ..conf import conf
from ..networks import has_mobile_prefix
from . import magic, receipts, records, scheduler
from .channels import HLR
from .delivery import StatusChange

PASSED: Final = "PASSED"
NOT_MOBILE_PREFIX: Final = "NOT_MOBILE_PREFIX"
IMSI_DIGITS: Final = 15


def hlr(parameters: Parameters) -> ResponseBody:
    """Handle ``POST /insight/hlr``. The response is final, and its one receipt has the same status."""
    effect = magic.effect_of(parameters["number"])
    subscriber = effect.subscriber
    with transaction.atomic():
        request = records.create(parameters, "insight.hlr", HLR, status=subscriber.status, network=subscriber.network)
        reports = receipts.reports(request, effect.delivery, [StatusChange(subscriber.status)])
        scheduler.schedule_after_commit(scheduler.spaced(reports, pause=conf.receipt_delay))
    return records.identity(request) | {
        "imsi": _imsi(request.mccmnc, request.number) if subscriber.known else None,
        "ported": subscriber.ported,
        "roaming": subscriber.roaming,
    }


def _imsi(mccmnc: str, number: str) -> str:
    return mccmnc + number.removeprefix("+").zfill(IMSI_DIGITS)[len(mccmnc) - IMSI_DIGITS :]


def fraudcheck(parameters: Parameters) -> ResponseBody:
    """Handle ``POST /insight/fraudcheck``. It has no request id and no receipt."""
    number = parameters["number"]
    mobile = has_mobile_prefix(number)
    status = magic.effect_of(number).fraud or (PASSED if mobile else NOT_MOBILE_PREFIX)
    return {"status": status, "mobilePrefix": mobile and status != NOT_MOBILE_PREFIX}
