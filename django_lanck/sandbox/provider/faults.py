"""The ways in which an answer can go wrong. Each takes an attempt and decides what the client gets to see."""

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

from ..api.errors import INTERNAL, TOO_MANY_REQUESTS, APIError
from ..conf import conf
from ..models import SandboxPause
from . import receipts

HTML: Final = "<!DOCTYPE html>\n<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>\n"
PAUSE: Final = timedelta(seconds=10)
LONGEST_WAIT_FOR_RECEIPTS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call to a magic number. ``carry_out`` does what was asked and returns the honest answer."""

    request: HttpRequest
    number: str
    carry_out: Callable[[], HttpResponse]


Fault = Callable[[Attempt], HttpResponseBase]


# Not carried out


def refused(code: int) -> Fault:
    def fault(attempt: Attempt) -> HttpResponseBase:
        return APIError(code).response()

    return fault


def refused_without_code(attempt: Attempt) -> HttpResponseBase:
    return JsonResponse({}, status=400)


def bad_gateway(attempt: Attempt) -> HttpResponseBase:
    return HttpResponse(HTML.format("502 Bad Gateway"), status=502)


def too_many_once(attempt: Attempt) -> HttpResponseBase:
    """429, and then fine for ten seconds."""
    now = timezone.now()
    name = f"{attempt.number} {attempt.request.path.rpartition('/')[2]}"[:40]
    _, first = SandboxPause.objects.get_or_create(name=name, defaults={"until": now + PAUSE})
    if first or SandboxPause.objects.filter(name=name, until__lte=now).update(until=now + PAUSE):
        return APIError(TOO_MANY_REQUESTS).response()
    return attempt.carry_out()


# Carried out, and the answer is lost on the way


def hangs(attempt: Attempt) -> HttpResponseBase:
    answer = attempt.carry_out()
    sleep(conf.hang_seconds)
    return answer


def drips(attempt: Attempt) -> HttpResponseBase:
    content = attempt.carry_out().content
    pause = conf.hang_seconds / len(content)

    def one_by_one() -> Iterator[bytes]:
        for position in range(len(content)):
            sleep(pause)
            yield content[position : position + 1]

    return StreamingHttpResponse(one_by_one(), content_type="application/json")


def internal_error(attempt: Attempt) -> HttpResponseBase:
    attempt.carry_out()
    return APIError(INTERNAL).response()


def html(attempt: Attempt) -> HttpResponseBase:
    attempt.carry_out()
    return HttpResponse(HTML.format("Welcome to nginx!"))


def empty(attempt: Attempt) -> HttpResponseBase:
    attempt.carry_out()
    return HttpResponse(content_type="application/json")


def truncated(attempt: Attempt) -> HttpResponseBase:
    content = attempt.carry_out().content
    return HttpResponse(content[: len(content) // 2], content_type="application/json")


def closed(attempt: Attempt) -> HttpResponseBase:
    """Cut the connection; a server that hides its socket from us answers 500 instead."""
    attempt.carry_out()
    connection = _connection(attempt.request)
    if connection is not None:
        connection.shutdown(socket.SHUT_RDWR)
    return APIError(INTERNAL).response()


def _connection(request: HttpRequest) -> socket.socket | None:
    found: Any = request.META.get("gunicorn.socket")
    if found is None:  # runserver and the live test server: behind two wrappers
        reader = getattr(getattr(request.META.get("wsgi.input"), "_read", None), "__self__", None)
        found = getattr(getattr(reader, "raw", None), "_sock", None)
    return found if isinstance(found, socket.socket) else None


# Carried out, and the answer is not the one to believe


def answers_with(**changes: Any) -> Fault:
    """The honest answer with some values replaced; ``None`` leaves the value out."""

    def fault(attempt: Attempt) -> HttpResponseBase:
        honest = attempt.carry_out()
        if honest.status_code >= 400:
            return honest
        answer = json.loads(honest.content) | changes
        return JsonResponse({key: value for key, value in answer.items() if value is not None})

    return fault


def error_with_200(attempt: Attempt) -> HttpResponseBase:
    answer = attempt.carry_out()
    answer.status_code = 200
    return answer


def after_its_receipts(attempt: Attempt) -> HttpResponseBase:
    """The site hears from the receipts before it has the answer."""
    answer = attempt.carry_out()
    request_id = json.loads(answer.content).get("requestId", "")
    if request_id:
        receipts.wait(request_id, timeout=LONGEST_WAIT_FOR_RECEIPTS)
    return answer
