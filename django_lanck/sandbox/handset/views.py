"""The handset page, its JSON, and the form that sends an SMS from a phone."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from ..api.access import View, if_permitted
from ..conf import conf
from ..models import SandboxInbound, SandboxMessage
from ..provider import inbound, magic
from . import queries
from .entries import international

MAX_CHARACTERS: Final = 1_600


def _page(view: View[...]) -> Callable[..., HttpResponseBase]:
    return login_not_required(never_cache(require_safe(if_permitted(view))))


@_page
def page(request: HttpRequest) -> HttpResponse:
    """Show the latest phones and the messages of one: that of ``?number=``, or the newest."""
    return _show(request, parse_number(request.GET.get("number", "")))


@login_not_required
@never_cache
@transaction.non_atomic_requests
@require_http_methods(["GET", "HEAD", "POST"])
@if_permitted
def write(request: HttpRequest, number: str) -> HttpResponse:
    """Send an SMS from a phone to the site. GET shows the handset page with the form, which does not reload itself."""
    sender = parse_number(number)
    if not sender:
        raise Http404("This is not a phone number.")
    if request.method != "POST":
        return _show(request, sender, writing=True)
    text = request.POST.get("text", "").replace("\r\n", "\n")
    if problem := _send(sender, text):
        return _show(request, sender, writing=True, draft=text, problem=problem)
    return HttpResponseRedirect(f"{reverse('lanck_sandbox:handset_page')}?{urlencode({'number': sender})}")


def _send(sender: str, text: str) -> str:
    """Send an SMS and return the reason if it is refused, or an empty string."""
    if len(text) > MAX_CHARACTERS:
        return f"The text has {len(text):,} characters. The maximum is {MAX_CHARACTERS:,}. Shorten it."
    try:
        inbound.send(sender, text)
    except ValueError as error:
        return str(error)
    return ""


def _show(
    request: HttpRequest, requested: str, *, writing: bool = False, draft: str = "", problem: str = ""
) -> HttpResponse:
    version = queries.version()  # before all other queries: later changes then come with the next update
    phones = queries.latest_phones()
    number = requested or (phones[0].number if phones else "")
    context = {
        "phones": phones,
        "number": number,
        "label": international(number),
        "follows_newest": not requested,
        "entries": queries.entries_of(number) if number else [],
        "version": version,
        "groups": magic.GROUPS,
        "now": timezone.now(),
        "rented_number": international(conf.rented_number),
        "max_characters": MAX_CHARACTERS,
        "writing": writing,
        "draft": draft,
        "problem": problem,
    }
    return render(request, "lanck_sandbox/handset.html", context, status=400 if problem else 200)


@_page
def phones_json(request: HttpRequest) -> JsonResponse:
    """Return the latest phones, and a version that changes with everything that the page shows."""
    version = queries.version()
    phones = [{"number": phone.number, "at": _iso(phone.at)} for phone in queries.latest_phones()]
    return JsonResponse({"version": version, "phones": phones})


@_page
def messages_json(request: HttpRequest, number: str) -> JsonResponse:
    """Return the messages that a phone received and the SMS that it sent, newest first."""
    number = parse_number(number)
    return JsonResponse(
        {
            "messages": [_message(message) for message in queries.latest_messages(number)],
            "inbound": [_text(text) for text in queries.latest_texts(number)],
        }
    )


def parse_number(text: str) -> str:
    """Return the number in a URL, or an empty string. A plus that is missing or decoded as a space is added."""
    digits = re.sub(r"[\s+().-]", "", text)
    return f"+{digits}" if re.fullmatch(r"[0-9]{1,15}", digits) else ""


def _message(message: SandboxMessage) -> dict[str, Any]:
    return {
        "id": message.pk,
        "product": message.request.product,
        "channel": message.channel,
        "sender": message.sender,
        "text": message.text,
        "code": message.code,
        "title": message.title,
        "image_url": message.image_url,
        "button_caption": message.button_caption,
        "button_url": message.button_url,
        "request_id": message.request.request_id,
        "status": message.request.status,
        "at": _iso(message.created_at),
    }


def _text(text: SandboxInbound) -> dict[str, Any]:
    return {
        "message_id": text.message_id,
        "to": text.recipient,
        "text": text.text,
        "parts": text.parts,
        "at": _iso(text.created_at),
        "posts": [
            {"http_status": post.http_status, "problem": post.problem, "at": _iso(post.created_at)}
            for post in text.posts.all()
        ],
    }


def _iso(time: Any) -> str:
    return str((timezone.make_aware(time) if timezone.is_naive(time) else time).isoformat())
