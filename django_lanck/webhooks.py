"""What LANCK calls: plain Django views, open to anyone who knows the address."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.log import log_response
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from .exceptions import Refusal
from .jsonbody import BadJSON, read_json
from .services import record_receipt


@csrf_exempt
@login_not_required
@transaction.non_atomic_requests
@require_http_methods(["POST", "GET", "HEAD"])
@sensitive_variables()
def receipt(request: HttpRequest, token: str) -> HttpResponse:
    """Take one delivery receipt. The body is read as JSON whatever its content type says: LANCK's is wrong."""
    if request.method != "POST":
        return HttpResponse("This address takes delivery receipts by POST.\n", content_type="text/plain")
    try:
        record_receipt(token=token, payload=read_json(request))
    except BadJSON as error:
        return _refuse(request, 400, "invalid_body", str(error))
    except Refusal as refusal:
        return _refuse(request, refusal.http_status, refusal.code, refusal.detail)
    return HttpResponse(status=204)


def _refuse(request: HttpRequest, status: int, code: str, detail: str) -> JsonResponse:
    response = JsonResponse({"code": code, "detail": detail}, status=status)
    # Said here, because Django's own line for a refused request has its path, and this path holds a token.
    log_response("A receipt was refused: %s", code, response=response, request=request)
    return response
