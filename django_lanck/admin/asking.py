from __future__ import annotations

import time
from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ..exceptions import LanckError, RequestNotFound
from ..models import Message
from ..services import refresh_message
from .base import ReadOnlyAdmin

MOST_ASKED = 50
ASKING_SECONDS = 20


class AskingAdmin(ReadOnlyAdmin):
    """Rows about whose messages LANCK can be asked."""

    actions: Any = ["ask_lanck"]

    # LANCK may be asked from here, and nothing is to be held meanwhile.
    @method_decorator(transaction.non_atomic_requests)
    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, extra_context)

    @admin.action(description=gettext_lazy("Ask LANCK for the status"), permissions=["view"])
    def ask_lanck(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Ask about the newest of the selected messages, and say plainly how it went."""
        asked = changed = 0
        ends = time.monotonic() + ASKING_SECONDS
        selected = self.messages_of(queryset)
        for message in selected.exclude(request_id=None).order_by("-pk")[:MOST_ASKED]:
            if time.monotonic() > ends:
                self.message_user(request, _("LANCK is slow. Ask about the others again later."), messages.WARNING)
                break
            asked += 1
            try:
                changed += refresh_message(message=message)
            except RequestNotFound:
                self.message_user(request, _("LANCK does not know %s.") % message, messages.WARNING)
            except LanckError as error:
                self.message_user(request, _("LANCK did not tell: %s") % error, messages.ERROR)
                break
        self._say_what_cannot_be_asked(request, selected.filter(request_id=None).count())
        text = ngettext(
            "Asked about %(asked)d message. News: %(changed)d.",
            "Asked about %(asked)d messages. News: %(changed)d.",
            asked,
        )
        self.message_user(request, text % {"asked": asked, "changed": changed})

    def _say_what_cannot_be_asked(self, request: HttpRequest, count: int) -> None:
        if count:
            text = ngettext(
                "%(count)d message has no request id of LANCK's, so there is nothing to ask about.",
                "%(count)d messages have no request id of LANCK's, so there is nothing to ask about.",
                count,
            )
            self.message_user(request, text % {"count": count}, messages.WARNING)

    def messages_of(self, queryset: QuerySet[Any]) -> QuerySet[Message]:
        raise NotImplementedError
