"""The action that refreshes the messages of the selected rows."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy

from ...models import Message
from ...services.messages.refresh import refresh_messages
from ..number.page import NumberAdmin
from ..number.results import show_refreshed


class RefreshAdmin(NumberAdmin):
    """A model whose rows have messages that can be refreshed."""

    actions: Any = ["refresh_messages"]

    # The action calls LANCK, during which no transaction may be open, also on a site with ATOMIC_REQUESTS.
    @method_decorator(transaction.non_atomic_requests)
    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, extra_context)

    @admin.action(description=gettext_lazy("Refresh the status from LANCK"), permissions=["view"])
    def refresh_messages(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Refresh the newest messages of the selected rows and report the result."""
        show_refreshed(request, refresh_messages(messages=self.messages_of(queryset).order_by("-pk")))

    def messages_of(self, queryset: QuerySet[Any]) -> QuerySet[Message]:
        """Return the messages of the selected rows."""
        raise NotImplementedError
