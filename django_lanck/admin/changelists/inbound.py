from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from ...models import InboundMessage
from ..day_filter import DayFilter
from ..labels import shortened
from ..masking import without_numbers
from ..number.page import NumberAdmin
from .sent_content import text_block


@admin.register(InboundMessage)
class InboundMessageAdmin(NumberAdmin):
    list_display = ["received_at", "sender", "recipient", "excerpt"]
    time_field = "received_at"
    list_filter = [("received_at", DayFilter)]
    search_help_text = _("The sender, a phone number in any spelling or a name; or LANCK's message id.")
    id_fields = ("message_id",)
    number_fields = ("sender", "recipient")
    masks = {
        "sender": "masked_number",
        "recipient": "masked_recipient",
        "excerpt": "masked_excerpt",
        "payload": "",
    }
    free_texts = ("text",)
    fields = ["sender", "recipient", "body", "parts", "received_at", "provider_at", "message_id", "payload"]

    @admin.display(description=_("from"))
    def masked_number(self, message: InboundMessage) -> str:
        return message.masked_number

    @admin.display(description=_("to"))
    def masked_recipient(self, message: InboundMessage) -> str:
        return message.masked_recipient

    @admin.display(description=_("text"))
    def excerpt(self, message: InboundMessage) -> str:
        return shortened(message.text)

    @admin.display(description=_("text"))
    def masked_excerpt(self, message: InboundMessage) -> str:
        return shortened(str(without_numbers(message.text, [message.sender, message.recipient])))

    @admin.display(description=_("text"))
    def body(self, message: InboundMessage) -> Any:
        return text_block(message.text) if message.text else "–"
