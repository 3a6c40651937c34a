"""The API over HTTP: ``/v1/…``, in the order in which a provider looks at a request."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from . import operations
from .api import rate, wire
from .api.calls import Call
from .api.errors import APIError
from .api.gate import where_permitted
from .operations import Operation
from .provider import magic
from .provider.faults import Attempt


@csrf_exempt
@login_not_required
@transaction.non_atomic_requests
@where_permitted
def api(request: HttpRequest, path: str = "") -> HttpResponseBase:
    """Token, rate, path, verb, parameters; then the call, as honest as its number is."""
    try:
        wire.authenticate(request)
        rate.spend_one()
        operation, request_id = operations.resolve(request.method or "", path)
        call = operation.read(wire.read_parameters(request), request_id)
        return _answer(request, operation, call)
    except APIError as error:
        return error.response()


def _answer(request: HttpRequest, operation: Operation, call: Call) -> HttpResponseBase:
    number = operation.number_of(call)
    fault = magic.meaning_of(number).faults.get(operation.kind)

    def carry_out() -> HttpResponse:
        try:
            return JsonResponse(operation.carry_out(call))
        except APIError as error:
            return error.response()

    return fault(Attempt(request, number, carry_out)) if fault else carry_out()
