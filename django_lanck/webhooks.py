"""The webhooks that LANCK calls. Their URLs contain a secret; there is no other authentication."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.contrib.auth.decorators import login_not_required
from django.db import Error, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.utils.log import log_response
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_variables

from .exceptions import Refusal
from .jsonbody import BadJSON, read_json
from .services import record_inbound, record_receipt

logger = logging.getLogger("django_lanck")


@csrf_exempt
@login_not_required
@transaction.non_atomic_requests
@sensitive_variables()
def receipt(request: HttpRequest, token: str) -> HttpResponse:
    """Receive one delivery receipt."""
    return _receive(request, "receipts", lambda payload: record_receipt(token=token, payload=payload))


@csrf_exempt
@login_not_required
@transaction.non_atomic_requests
@sensitive_variables()
def inbound(request: HttpRequest, secret: str) -> HttpResponse:
    """Receive one inbound SMS. LANCK repeats it until the answer is 2XX."""
    return _receive(request, "inbound messages", lambda payload: record_inbound(secret=secret, payload=payload))


def _receive(request: HttpRequest, what: str, record: Callable[[object], None]) -> HttpResponse:
    """Parse the body and record it. The content type is ignored, because LANCK sends a wrong one."""
    if request.method not in ("POST", "GET", "HEAD"):
        return _refuse(request, 405, "method_not_allowed", f"This URL accepts {what} by POST.")
    if request.method != "POST":
        return HttpResponse(f"This URL accepts {what} by POST.\n", content_type="text/plain")
    try:
        record(read_json(request))
    except BadJSON as error:
        return _refuse(request, 400, "invalid_body", str(error))
    except UnreadablePostError:  # the connection was closed; Django would log the path, which has the secret
        return _refuse(request, 400, "invalid_body", "The body is incomplete.")
    except Error:
        logger.exception("One of the %s could not be stored", what)
        return _refuse(request, 503, "unavailable", "Try again later.")
    except Refusal as refusal:
        return _refuse(request, refusal.http_status, refusal.code, refusal.detail)
    return HttpResponse(status=204)


def _refuse(request: HttpRequest, status: int, code: str, detail: str) -> JsonResponse:
    response = JsonResponse({"code": code, "detail": detail}, status=status)
    # Django's own log entry for a 4XX has the path, and this path has a secret. This call replaces it.
    log_response("A callback was refused: %s", code, response=response, request=request)
    return response
