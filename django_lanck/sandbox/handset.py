"""The handset page: what each simulated phone received, for people and as JSON."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from . import inbox, magic
from .gate import View, where_permitted
from .models import SandboxMessage


def _page(view: View[...]) -> Callable[..., HttpResponseBase]:
    return login_not_required(never_cache(require_safe(where_permitted(view))))


@_page
def page(request: HttpRequest) -> HttpResponse:
    """The phones that got something lately, and one of them opened: ``?number=``, or else the newest."""
    phones = inbox.latest_phones()
    asked_for = as_number(request.GET.get("number", ""))
    number = asked_for or (phones[0].number if phones else "")
    return render(
        request,
        "lanck_sandbox/handset.html",
        {
            "phones": phones,
            "number": number,
            "label": inbox.spaced(number),
            "follows_newest": not asked_for,
            "entries": inbox.entries(number) if number else [],
            "version": inbox.version(),
            "groups": magic.GROUPS,
            "now": timezone.now(),
        },
    )


@_page
def phones_json(request: HttpRequest) -> JsonResponse:
    """``{"version", "phones": [{"number", "at"}]}``; the version differs whenever anything changed."""
    phones = [{"number": phone.number, "at": _iso(phone.at)} for phone in inbox.latest_phones()]
    return JsonResponse({"version": inbox.version(), "phones": phones})


@_page
def messages_json(request: HttpRequest, number: str) -> JsonResponse:
    """``{"messages": [...]}``: what this phone received, newest first."""
    messages = inbox.latest_messages(as_number(number))
    return JsonResponse({"messages": [_as_json(message) for message in messages]})


def as_number(text: str) -> str:
    """A number from a URL, where the plus is often missing or has become a space; empty if it is none."""
    digits = re.sub(r"[\s+().-]", "", text)
    return f"+{digits}" if re.fullmatch(r"[0-9]{1,15}", digits) else ""


def _as_json(message: SandboxMessage) -> dict[str, Any]:
    return {
        "id": message.pk,
        "channel": message.channel,
        "sender": message.sender,
        "text": message.text,
        "code": message.code,
        "request_id": message.request.request_id,
        "status": message.request.status,
        "at": _iso(message.created_at),
    }


def _iso(time: Any) -> str:
    return str((timezone.make_aware(time) if timezone.is_naive(time) else time).isoformat())
