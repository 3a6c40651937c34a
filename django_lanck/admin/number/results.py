"""Report the results of actions to staff, each in the sentence that is also written into the admin's log."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ...durations import exact_duration
from ...exceptions import Refusal
from ...models import Verification
from ...services import Forgotten
from ...services.messages.refresh import Refreshed
from ..labels import channel_noun
from .forget import forgotten_counts


def show_refreshed(request: HttpRequest, done: Refreshed) -> str:
    for message in done.not_found:
        messages.warning(request, _("LANCK does not know %s.") % message)
    if done.timed_out:
        messages.warning(request, _("LANCK is slow. Refresh the other messages later."))
    if done.error:
        messages.error(request, _("LANCK did not return the status: %s") % done.error)
    if done.without_id:
        text = ngettext(
            "%(count)d message has no LANCK request id and cannot be refreshed.",
            "%(count)d messages have no LANCK request id and cannot be refreshed.",
            done.without_id,
        )
        messages.warning(request, text % {"count": done.without_id})
    text = ngettext(
        "Refreshed %(refreshed)d message, %(changed)d changed.",
        "Refreshed %(refreshed)d messages, %(changed)d changed.",
        done.refreshed,
    )
    result = text % {"refreshed": done.refreshed, "changed": done.changed}
    messages.info(request, result)
    return result


def show_resent(request: HttpRequest, verification: Verification, method: str) -> str:
    if verification.delivery == "unknown":
        result = _("It is not known whether LANCK accepted the %(method)s.") % {"method": channel_noun(method)}
        messages.warning(request, result)
    else:
        result = _("The code was sent again by %(method)s.") % {"method": channel_noun(method)}
        messages.success(request, result)
    return result


def show_not_resent(request: HttpRequest, refusal: Refusal, method: str) -> str:
    wait = _("Wait %s.") % exact_duration(refusal.retry_after) if refusal.retry_after else ""
    names = {"method": channel_noun(method), "why": f"{refusal.detail} {wait}".strip()}
    result = _("The code was not sent again by %(method)s: %(why)s") % names
    messages.error(request, result)
    return result


def show_lifted(request: HttpRequest, count: int) -> str:
    result = ngettext("%d limit was lifted.", "%d limits were lifted.", count) % count
    messages.success(request, result if count else _("No limit was active, so none was lifted."))
    return result


def show_forgotten(request: HttpRequest, done: Forgotten) -> str:
    result = _("The number was forgotten: %s.") % forgotten_counts(done)
    messages.success(request, result)
    return result
