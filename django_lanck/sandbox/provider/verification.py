"""``/verify``: generates, checks and describes verification codes."""

from __future__ import annotations

import hmac
import secrets
from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from ..api.errors import EXPIRED, INVALID_CODE, NOT_FOUND, TOO_MANY_ATTEMPTS, APIError
from ..api.parameters import Parameters, ResponseBody
from ..models import SandboxVerification
from . import records
from .channels import CHANNELS, METHODS
from .records import milliseconds


def start(parameters: Parameters) -> ResponseBody:
    """Handle ``POST /verify``."""
    code = "".join(secrets.choice("0123456789") for _ in range(parameters["codeLength"]))
    method = parameters["method"]
    message = METHODS[method](code, parameters.values)
    with transaction.atomic():
        request = records.send(parameters, f"verify.{method}", CHANNELS[method], message)
        SandboxVerification.objects.create(
            request=request,
            method=method,
            code=code,
            checks_allowed=parameters["checkAttemptsAllowed"],
            expires_at=request.created_at + timedelta(seconds=parameters["codeExpiry"]),
        )
    return {"requestId": request.request_id}


def check(parameters: Parameters) -> ResponseBody:
    """Handle ``POST /verify/check``. The check is counted before the code is compared."""
    verification = _find(parameters["requestId"])
    _count_check(verification)
    if not hmac.compare_digest(verification.code.encode(), parameters["code"].encode()):
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


def _count_check(verification: SandboxVerification) -> None:
    """Count a check, or raise the error that says why none is allowed."""
    now = timezone.now()
    rows = SandboxVerification.objects.filter(pk=verification.pk)
    usable = rows.filter(verified_at=None, expires_at__gt=now, checks__lt=F("checks_allowed"))
    if usable.update(checks=F("checks") + 1):
        return
    verification.refresh_from_db()
    if verification.verified_at:
        raise APIError(EXPIRED, "already verified")
    raise APIError(EXPIRED if verification.expires_at <= now else TOO_MANY_ATTEMPTS)


def info(parameters: Parameters) -> ResponseBody:
    """Handle ``POST /verify/info``."""
    verification = _find(parameters["requestId"])
    return {
        "status": "verified" if verification.verified_at else "processing",
        "number": verification.request.number,
        "method": verification.method,
        "verifiedAt": milliseconds(verification.verified_at),
        "verificationRequestedAt": milliseconds(verification.request.created_at),
        "checkAttempts": verification.checks,
    }


def _find(request_id: str) -> SandboxVerification:
    """Return the verification of a request, or raise error 20."""
    request = records.find(request_id)
    verification = SandboxVerification.objects.select_related("request").filter(request=request).first()
    if verification is None:
        raise APIError(NOT_FOUND)
    return verification
