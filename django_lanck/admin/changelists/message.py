from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from ...models import Category, Channel, Message, Status, Verification
from ..base import link_to
from ..day_filter import DayFilter
from ..filters import (
    CountryFilter,
    ErrorFilter,
    NetworkFilter,
    OutcomeFilter,
    SentPurposeFilter,
    TestFilter,
    filter_by,
)
from ..labels import badge
from ..masking import Mask
from ..timeline import Event, message_timeline
from .refresh import RefreshAdmin
from .sent_content import sent_content


@admin.register(Message)
class MessageAdmin(RefreshAdmin):
    list_display = ["created_at", "number", "channel", "delivery", "country"]
    list_filter = [
        ("created_at", DayFilter),
        filter_by("status", _("delivery"), Status.choices),
        filter_by("channel", _("channel"), Channel.choices),
        OutcomeFilter,
        SentPurposeFilter,
        filter_by("category", _("category"), Category.choices),
        CountryFilter,
        NetworkFilter,
        ErrorFilter,
        TestFilter,
    ]
    id_fields = ("request_id",)
    free_texts = ("content", "link", "error_reason")
    fieldsets = [
        (None, {"fields": ["number", "channel", "sender", "category", "of_verification", "created_at"]}),
        (_("What was sent"), {"fields": ["sent", "link"]}),
        (
            _("Delivery"),
            {"fields": ["delivery", "status_at", "asked_at", "error_code", "error_reason", "request_id"]},
        ),
        (_("Network and price"), {"fields": ["country", "network", "mccmnc", "price"]}),
        (_("Goal"), {"fields": ["goal", "goal_reached_at", "goal_reported_at"]}),
    ]

    @admin.display(description=_("delivery"))
    def delivery(self, message: Message) -> SafeString:
        return badge(message.status)

    @admin.display(description=_("content"))
    def sent(self, message: Message) -> SafeString:
        return sent_content(message)

    @admin.display(description=_("verification"))
    def of_verification(self, message: Message) -> SafeString | str:
        return link_to(Verification, message.verification_id)

    def events(self, row: Message, mask: Mask) -> list[Event]:
        return message_timeline(row, mask)

    def messages_of(self, queryset: QuerySet[Message]) -> QuerySet[Message]:
        return queryset
