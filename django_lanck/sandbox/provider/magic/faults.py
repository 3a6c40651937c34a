"""Faults of the API: functions that replace, delay or damage a response."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from time import sleep
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from ...api.errors import INTERNAL, TOO_MANY_REQUESTS, APIError
from ...conf import conf
from ...models import SandboxPause
from .. import scheduler

HTML: Final = "<!DOCTYPE html>\n<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>\n"
PAUSE: Final = timedelta(seconds=10)
MAX_WAIT_FOR_RECEIPTS: Final = 5.0


@dataclass(frozen=True, slots=True)
class FaultContext:
    """A request to a magic number. ``carry_out`` carries it out and returns the regular response."""

    request: HttpRequest
    number: str
    carry_out: Callable[[], HttpResponse]


Fault = Callable[[FaultContext], HttpResponseBase]


# The request is not carried out


def refused(code: int) -> Fault:
    """Return a fault that refuses the request with an error code."""

    def fault(context: FaultContext) -> HttpResponseBase:
        return APIError(code).response()

    return fault


def refused_without_code(context: FaultContext) -> HttpResponseBase:
    return JsonResponse({}, status=400)


def bad_gateway(context: FaultContext) -> HttpResponseBase:
    return HttpResponse(HTML.format("502 Bad Gateway"), status=502)


def too_many_once(context: FaultContext) -> HttpResponseBase:
    """Respond with 429 once, and carry out the requests of the next ten seconds."""
    now = timezone.now()
    name = f"{context.number} {context.request.path.rpartition('/')[2]}"[:40]
    _, created = SandboxPause.objects.get_or_create(name=name, defaults={"until": now + PAUSE})
    if created or SandboxPause.objects.filter(name=name, until__lte=now).update(until=now + PAUSE):
        return APIError(TOO_MANY_REQUESTS).response()
    return context.carry_out()


# The request is carried out, and the response is late, damaged or missing


def hangs(context: FaultContext) -> HttpResponseBase:
    response = context.carry_out()
    sleep(conf.hang_seconds)
    return response


def byte_by_byte(context: FaultContext) -> HttpResponseBase:
    content = context.carry_out().content
    pause = conf.hang_seconds / len(content)

    def single_bytes() -> Iterator[bytes]:
        for index in range(len(content)):
            sleep(pause)
            yield content[index : index + 1]

    return StreamingHttpResponse(single_bytes(), content_type="application/json")


def internal_error(context: FaultContext) -> HttpResponseBase:
    context.carry_out()
    return APIError(INTERNAL).response()


def html(context: FaultContext) -> HttpResponseBase:
    context.carry_out()
    return HttpResponse(HTML.format("Welcome to nginx!"))


def empty(context: FaultContext) -> HttpResponseBase:
    context.carry_out()
    return HttpResponse(content_type="application/json")


def truncated(context: FaultContext) -> HttpResponseBase:
    content = context.carry_out().content
    return HttpResponse(content[: len(content) // 2], content_type="application/json")


def closed(context: FaultContext) -> HttpResponseBase:
    """Close the connection. Where the server does not expose its socket, the response is HTTP 500."""
    context.carry_out()
    connection = _connection(context.request)
    if connection is not None:
        connection.shutdown(socket.SHUT_RDWR)
    return APIError(INTERNAL).response()


def _connection(request: HttpRequest) -> socket.socket | None:
    """Return the socket of a request, or None if the server does not expose it."""
    found: Any = request.META.get("gunicorn.socket")
    if found is None:  # runserver and the live test server wrap it twice
        reader = getattr(getattr(request.META.get("wsgi.input"), "_read", None), "__self__", None)
        found = getattr(getattr(reader, "raw", None), "_sock", None)
    return found if isinstance(found, socket.socket) else None


# The request is carried out, and the response is misleading


def with_changes(**changes: Any) -> Fault:
    """Return a fault that replaces values of the regular response. ``None`` removes the key."""

    def fault(context: FaultContext) -> HttpResponseBase:
        response = context.carry_out()
        if response.status_code >= 400:
            return response
        body = json.loads(response.content) | changes
        return JsonResponse({key: value for key, value in body.items() if value is not None})

    return fault


def error_with_200(context: FaultContext) -> HttpResponseBase:
    response = context.carry_out()
    response.status_code = 200
    return response


def after_its_receipts(context: FaultContext) -> HttpResponseBase:
    """Respond after the receipts of the request have been posted."""
    response = context.carry_out()
    request_id = json.loads(response.content).get("requestId", "")
    if request_id:
        scheduler.wait(request_id, timeout=MAX_WAIT_FOR_RECEIPTS)
    return response
