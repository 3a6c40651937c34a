"""What LANCK calls: plain Django views, open to anyone who knows the address."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from .exceptions import Refusal
from .jsonbody import BadJSON, read_json
from .services import record_receipt


@csrf_exempt
@login_not_required
@transaction.non_atomic_requests
@require_http_methods(["POST", "GET", "HEAD"])
def receipt(request: HttpRequest, token: str) -> HttpResponse:
    """Take one delivery receipt. The body is read as JSON whatever its content type says: LANCK's is wrong."""
    if request.method != "POST":
        return HttpResponse("This address takes delivery receipts by POST.\n", content_type="text/plain")
    try:
        record_receipt(token=token, payload=read_json(request))
    except BadJSON as error:
        return JsonResponse({"code": "invalid_body", "detail": str(error)}, status=400)
    except Refusal as refusal:
        return JsonResponse({"code": refusal.code, "detail": refusal.detail}, status=refusal.http_status)
    return HttpResponse(status=204)
