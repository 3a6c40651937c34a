"""What LANCK calls: plain Django views, open to anyone who knows the address."""

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
    """Take one delivery receipt."""
    return _take(request, "receipts", lambda payload: record_receipt(token=token, payload=payload))


@csrf_exempt
@login_not_required
@transaction.non_atomic_requests
@sensitive_variables()
def inbound(request: HttpRequest, secret: str) -> HttpResponse:
    """Take one SMS that somebody sent to a rented number. LANCK repeats it until it is answered with 2XX."""
    return _take(request, "inbound messages", lambda payload: record_inbound(secret=secret, payload=payload))


def _take(request: HttpRequest, what: str, record: Callable[[object], None]) -> HttpResponse:
    """The body is read as JSON whatever its content type says: LANCK's is wrong."""
    if request.method not in ("POST", "GET", "HEAD"):
        return _refuse(request, 405, "method_not_allowed", f"This address takes {what} by POST.")
    if request.method != "POST":
        return HttpResponse(f"This address takes {what} by POST.\n", content_type="text/plain")
    try:
        record(read_json(request))
    except BadJSON as error:
        return _refuse(request, 400, "invalid_body", str(error))
    except UnreadablePostError:  # LANCK hung up; Django's own line for that would have the path
        return _refuse(request, 400, "invalid_body", "The body did not arrive.")
    except Error:
        logger.exception("One of the %s could not be stored", what)
        return _refuse(request, 503, "unavailable", "Try again later.")
    except Refusal as refusal:
        return _refuse(request, refusal.http_status, refusal.code, refusal.detail)
    return HttpResponse(status=204)


def _refuse(request: HttpRequest, status: int, code: str, detail: str) -> JsonResponse:
    response = JsonResponse({"code": code, "detail": detail}, status=status)
    # Said here, because Django's own line for a refused request has its path, and this path holds a token.
    log_response("A callback was refused: %s", code, response=response, request=request)
    return response
