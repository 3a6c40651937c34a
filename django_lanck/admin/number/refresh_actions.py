"""Asking LANCK what became of messages, and telling the one who asked."""

from __future__ import annotations

import time

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ...exceptions import LanckError, RequestNotFound
from ...models import Message
from ...services import refresh_message

MOST_ASKED = 50
ASKING_SECONDS = 20


def ask_about(request: HttpRequest, selected: QuerySet[Message]) -> str:
    """Ask about the first of these messages, and say plainly how it went; the last sentence of it."""
    asked = changed = 0
    ends = time.monotonic() + ASKING_SECONDS
    for message in selected.exclude(request_id=None)[:MOST_ASKED]:
        if time.monotonic() > ends:
            messages.warning(request, _("LANCK is slow. Ask about the others again later."))
            break
        asked += 1
        try:
            changed += refresh_message(message=message)
        except RequestNotFound:
            messages.warning(request, _("LANCK does not know %s.") % message)
        except LanckError as error:
            messages.error(request, _("LANCK did not tell: %s") % error)
            break
    _say_what_cannot_be_asked(request, selected.filter(request_id=None).count())
    text = ngettext(
        "Asked about %(asked)d message. News: %(changed)d.",
        "Asked about %(asked)d messages. News: %(changed)d.",
        asked,
    )
    said = text % {"asked": asked, "changed": changed}
    messages.info(request, said)
    return said


def _say_what_cannot_be_asked(request: HttpRequest, count: int) -> None:
    if count:
        text = ngettext(
            "%(count)d message has no request id of LANCK's, so there is nothing to ask about.",
            "%(count)d messages have no request id of LANCK's, so there is nothing to ask about.",
            count,
        )
        messages.warning(request, text % {"count": count})
