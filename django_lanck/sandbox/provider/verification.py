"""``/verify``: making a code, checking it, telling about it."""

from __future__ import annotations

import hmac
import secrets
from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from ..api.calls import Answer, Call
from ..api.errors import EXPIRED, INVALID_CODE, NOT_FOUND, TOO_MANY_ATTEMPTS, APIError
from ..models import SandboxVerification
from . import ledger, phones, texts
from .ledger import milliseconds
from .phones import Content


def start(call: Call) -> Answer:
    """``POST /verify``."""
    code = "".join(secrets.choice("0123456789") for _ in range(call.values["codeLength"]))
    with transaction.atomic():
        request = ledger.accept(call, f"verify.{call.values['method']}", _content(call, code))
        SandboxVerification.objects.create(
            request=request,
            method=call.values["method"],
            code=code,
            checks_allowed=call.values["checkAttemptsAllowed"],
            expires_at=request.created_at + timedelta(seconds=call.values["codeExpiry"]),
        )
    return {"requestId": request.request_id}


def _content(call: Call, code: str) -> Content:
    method, language, sender = call.values["method"], call.values["language"], call.values["from"]
    if method == "sms":
        return Content("sms", sender or phones.SENDER, texts.written(code, language), code)
    if method == "voice":
        return Content("voice", sender or phones.CALLER, texts.spoken(code, language), code)
    return Content("call", phones.FLASH_CALLER_PREFIX + code, code=code)


def check(call: Call) -> Answer:
    """``POST /verify/check``. An attempt is spent before anything is compared."""
    verification = _find(call)
    _spend_check(verification)
    if not hmac.compare_digest(verification.code.encode(), call.values["code"].encode()):
        raise APIError(INVALID_CODE)
    now = timezone.now()
    if not SandboxVerification.objects.filter(pk=verification.pk, verified_at=None).update(verified_at=now):
        raise APIError(EXPIRED, "already verified")
    return {
        "requestId": verification.request.request_id,
        "number": verification.request.number,
        "method": verification.method,
        "verifiedAt": milliseconds(now),
    }


def _spend_check(verification: SandboxVerification) -> None:
    now = timezone.now()
    rows = SandboxVerification.objects.filter(pk=verification.pk)
    usable = rows.filter(verified_at=None, expires_at__gt=now, checks__lt=F("checks_allowed"))
    if usable.update(checks=F("checks") + 1):
        return
    verification.refresh_from_db()
    if verification.verified_at:
        raise APIError(EXPIRED, "already verified")
    raise APIError(EXPIRED if verification.expires_at <= now else TOO_MANY_ATTEMPTS)


def info(call: Call) -> Answer:
    """``POST /verify/info``."""
    verification = _find(call)
    return {
        "status": "verified" if verification.verified_at else "processing",
        "number": verification.request.number,
        "method": verification.method,
        "verifiedAt": milliseconds(verification.verified_at),
        "verificationRequestedAt": milliseconds(verification.request.created_at),
        "checkAttempts": verification.checks,
    }


def _find(call: Call) -> SandboxVerification:
    request = ledger.find(call.values["requestId"])
    verification = SandboxVerification.objects.select_related("request").filter(request=request).first()
    if verification is None:
        raise APIError(NOT_FOUND)
    return verification
