from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from ..models import Message, Receipt, Status
from .base import METHOD_CHOICES, ReadOnlyAdmin, badge, filter_by

if TYPE_CHECKING:
    TabularInline = admin.TabularInline[Receipt, Message]
else:
    TabularInline = admin.TabularInline


class ReceiptInline(TabularInline):
    model = Receipt
    fields = ("received_at", "status", "provider_at", "repeats", "payload")
    readonly_fields = ("received_at", "status", "provider_at", "repeats", "payload")
    extra = 0
    can_delete = False

    def has_add_permission(self, request: object, obj: object = None) -> bool:
        return False

    has_change_permission = has_delete_permission = has_add_permission


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "number", "channel", "delivery", "country", "request_id"]
    list_filter = [
        filter_by("channel", _("channel"), METHOD_CHOICES),
        filter_by("status", _("delivery"), Status.choices),
        "created_at",
    ]
    id_fields = ("request_id",)
    inlines = [ReceiptInline]
    fields = [
        "number",
        "channel",
        "sender",
        "delivery",
        "status_at",
        "request_id",
        "error_code",
        "error_reason",
        "country",
        "network",
        "mccmnc",
        "price",
        "of_verification",
        "created_at",
    ]

    @admin.display(description=_("delivery"), ordering="status")
    def delivery(self, message: Message) -> SafeString:
        return badge(message.status)

    @admin.display(description=_("verification"))
    def of_verification(self, message: Message) -> SafeString | str:
        if message.verification_id is None:
            return "–"
        return format_html('<a href="../../../verification/{0}/change/">{0}</a>', message.verification_id)

    def messages_of(self, queryset: QuerySet[Message]) -> QuerySet[Message]:
        return queryset
