"""The handset page: what each simulated phone received and sent, for people and as JSON, and texting from it."""

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

from ..api.gate import View, where_permitted
from ..conf import conf
from ..models import SandboxInbound, SandboxMessage
from ..provider import inbound, magic
from . import inbox

MOST_CHARACTERS: Final = 1_600


def _page(view: View[...]) -> Callable[..., HttpResponseBase]:
    return login_not_required(never_cache(require_safe(where_permitted(view))))


@_page
def page(request: HttpRequest) -> HttpResponse:
    """The phones in use lately, and one of them opened: ``?number=``, or else the newest."""
    return _show(request, as_number(request.GET.get("number", "")))


@login_not_required
@never_cache
@transaction.non_atomic_requests
@require_http_methods(["GET", "HEAD", "POST"])
@where_permitted
def write(request: HttpRequest, number: str) -> HttpResponse:
    """Text the site from a phone. To look at, it is the handset page, which without script does not reload itself
    here under the hands of a writer.
    """
    sender = as_number(number)
    if not sender:
        raise Http404("This is not a phone number.")
    if request.method != "POST":
        return _show(request, sender, writing=True)
    text = request.POST.get("text", "").replace("\r\n", "\n")
    if problem := _send(sender, text):
        return _show(request, sender, writing=True, draft=text, problem=problem)
    return HttpResponseRedirect(f"{reverse('lanck_sandbox:handset_page')}?{urlencode({'number': sender})}")


def _send(sender: str, text: str) -> str:
    """Send a text; the sentence that says why not, or an empty one."""
    if len(text) > MOST_CHARACTERS:
        return f"This text has {len(text):,} characters, and {MOST_CHARACTERS:,} fit. Shorten it a little."
    try:
        inbound.send(sender, text)
    except ValueError as error:
        return str(error)
    return ""


def _show(
    request: HttpRequest, asked_for: str, *, writing: bool = False, draft: str = "", problem: str = ""
) -> HttpResponse:
    version = inbox.version()  # first: what changes from here on is shown by the next update
    phones = inbox.latest_phones()
    number = asked_for or (phones[0].number if phones else "")
    context = {
        "phones": phones,
        "number": number,
        "label": inbox.spaced(number),
        "follows_newest": not asked_for,
        "entries": inbox.entries(number) if number else [],
        "version": version,
        "groups": magic.GROUPS,
        "now": timezone.now(),
        "rented_number": inbox.spaced(conf.rented_number),
        "most_characters": MOST_CHARACTERS,
        "writing": writing,
        "draft": draft,
        "problem": problem,
    }
    return render(request, "lanck_sandbox/handset.html", context, status=400 if problem else 200)


@_page
def phones_json(request: HttpRequest) -> JsonResponse:
    """``{"version", "phones": [{"number", "at"}]}``; the version differs whenever anything changed."""
    version = inbox.version()
    phones = [{"number": phone.number, "at": _iso(phone.at)} for phone in inbox.latest_phones()]
    return JsonResponse({"version": version, "phones": phones})


@_page
def messages_json(request: HttpRequest, number: str) -> JsonResponse:
    """``{"messages": [...], "inbound": [...]}``: what this phone received and what it sent, newest first."""
    asked_for = as_number(number)
    return JsonResponse(
        {
            "messages": [_message(message) for message in inbox.latest_messages(asked_for)],
            "inbound": [_text(text) for text in inbox.latest_texts(asked_for)],
        }
    )


def as_number(text: str) -> str:
    """A number from a URL, where the plus is often missing or has become a space; empty if it is none."""
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
