"""The API over HTTP: ``/v1/…``."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from . import operations
from .api import access, parsing, rate
from .api.errors import APIError
from .api.parameters import Parameters
from .operations import Operation
from .provider import magic
from .provider.magic.faults import FaultContext


@csrf_exempt
@login_not_required
@transaction.non_atomic_requests
@access.if_permitted
def api(request: HttpRequest, path: str = "") -> HttpResponseBase:
    """Check the token, the rate limit, the path, the verb and the parameters, and respond to the request."""
    try:
        access.authenticate(request)
        rate.count_request()
        operation, request_id = operations.resolve(request.method or "", path)
        parameters = operation.parse(parsing.parse_parameters(request), request_id)
        return _respond(request, operation, parameters)
    except APIError as error:
        return error.response()


def _respond(request: HttpRequest, operation: Operation, parameters: Parameters) -> HttpResponseBase:
    """Return the response of the operation, or of the fault that the number has for this kind of operation."""
    number = operation.number_of(parameters)
    fault = magic.effect_of(number).faults.get(operation.kind)

    def carry_out() -> HttpResponse:
        try:
            return JsonResponse(operation.handler(parameters))
        except APIError as error:
            return error.response()

    return fault(FaultContext(request, number, carry_out)) if fault else carry_out()
