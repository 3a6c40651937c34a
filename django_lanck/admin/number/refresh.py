from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy

from ...models import Message
from .page import NumberAdmin
from .refresh_actions import ask_about


class AskingAdmin(NumberAdmin):
    """Rows about whose messages LANCK can be asked."""

    actions: Any = ["ask_lanck"]

    # LANCK may be asked from here, and nothing is to be held meanwhile.
    @method_decorator(transaction.non_atomic_requests)
    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, extra_context)

    @admin.action(description=gettext_lazy("Ask LANCK for the status"), permissions=["view"])
    def ask_lanck(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Ask about the newest of the selected messages, and say plainly how it went."""
        ask_about(request, self.messages_of(queryset).order_by("-pk"))

    def messages_of(self, queryset: QuerySet[Any]) -> QuerySet[Message]:
        raise NotImplementedError
