"""The queries, bodies and results of the API for staff."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC
from typing import Any, ClassVar, Final

from django.http import QueryDict
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from .. import services
from ..exceptions import Refusal
from ..models import Category, Channel, InboundMessage, Message, Receipt
from ..models.number import mask_numbers
from ..services.numbers import parse_known_number

PAGE_SIZE: Final = 50
LARGEST_PAGE: Final = 200


class Strict(serializers.Serializer[Any]):
    """Refuses unknown fields: a misspelled filter must not list everything."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = [name for name in data if name not in self.fields]
            if unknown:
                raise ValidationError({name: [_("There is no such field.")] for name in unknown})
        return super().to_internal_value(data)


class NumberField(serializers.CharField):
    """A phone number in any format; validated to E.164."""

    def to_internal_value(self, data: Any) -> str:
        try:
            return str(parse_known_number(super().to_internal_value(data)).as_e164)
        except Refusal as refusal:
            raise ValidationError(refusal.detail) from None


class Query(Strict):
    """The query of a URL."""

    @classmethod
    def parse(cls, query: QueryDict) -> dict[str, Any]:
        """Return the values of a query. Raises ValidationError."""
        repeated = [name for name, values in query.lists() if len(values) > 1]
        if repeated:
            raise ValidationError({name: [_("Give it only once.")] for name in repeated})
        serializer = cls(data=query.dict())
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)


class Filters(Query):
    """The query of a list.

    ``lookups`` maps fields to lookups of the ORM. ``by_number`` is the field that needs the permission to see numbers.
    """

    lookups: ClassVar[Mapping[str, str]] = {}
    by_number: ClassVar[str]

    created_after = serializers.DateTimeField(
        required=False, default_timezone=UTC, help_text="At this time or later; UTC without a time zone."
    )
    created_before = serializers.DateTimeField(
        required=False, default_timezone=UTC, help_text="Before this time; UTC without a time zone."
    )
    cursor = serializers.CharField(required=False, help_text="From `next` or `previous` of another page.")
    page_size = serializers.IntegerField(
        required=False, min_value=1, max_value=LARGEST_PAGE, help_text=f"Default: {PAGE_SIZE}."
    )

    @classmethod
    def conditions(cls, query: QueryDict) -> dict[str, Any]:
        """Return the conditions for ``filter``. Raises ValidationError."""
        given = cls.parse(query)
        return {lookup: given[name] for name, lookup in cls.lookups.items() if name in given}


class MessageFilters(Filters):
    lookups = {
        "number": "number",
        "channel": "channel",
        "status": "status",
        "country": "country",
        "category": "category",
        "verification": "verification",
        "created_after": "created_at__gte",
        "created_before": "created_at__lt",
    }
    by_number = "number"

    number = NumberField(
        required=False, help_text="Whole number, any format. Needs the permission `lanck.view_number`."
    )
    channel = serializers.ChoiceField(choices=Channel.choices, required=False)
    status = serializers.CharField(max_length=32, required=False, help_text="Status of a message.")
    country = serializers.RegexField(r"^[A-Z]{2}\Z", required=False, help_text="ISO code, such as `DE`.")
    category = serializers.ChoiceField(choices=Category.choices, required=False)
    verification = serializers.UUIDField(required=False, help_text="`id` of a verification.")


class InboundMessageFilters(Filters):
    lookups = {"sender": "sender", "created_after": "received_at__gte", "created_before": "received_at__lt"}
    by_number = "sender"

    sender = NumberField(
        required=False, help_text="Whole number, any format. Needs the permission `lanck.view_number`."
    )


class SendSerializer(Strict):
    """The body of an SMS to send. The service validates the text and the sender."""

    number = serializers.CharField(max_length=100, help_text="In any format with the country code.")
    text = serializers.CharField(trim_whitespace=False, help_text="`{link}` is replaced by a short URL.")
    link = serializers.CharField(required=False, help_text="The URL that `{link}` redirects to: http or https.")
    sender = serializers.CharField(required=False, help_text="Default: the site's sender for the country.")
    category = serializers.ChoiceField(
        choices=Category.choices, required=False, help_text="`marketing` is not sent to numbers with an opt-out."
    )


class MessageSerializer(serializers.ModelSerializer[Message]):
    """A message in a list. :func:`represent` returns these ``fields``."""

    number = serializers.CharField(help_text="Masked without the permission `lanck.view_number`.")
    status = serializers.CharField(help_text="Lower case: a status of this app. Upper case: LANCK's.")

    class Meta:
        model = Message
        fields: tuple[str, ...] = (
            "id",
            "number",
            "channel",
            "category",
            "sender",
            "country",
            "status",
            "status_at",
            "error_code",
            "verification",
            "created_at",
        )


class CallDetailsSerializer(serializers.Serializer[services.CallDetails]):
    sip_status = serializers.IntegerField(allow_null=True)
    created_at = serializers.DateTimeField(allow_null=True)
    ring_started_at = serializers.DateTimeField(allow_null=True)
    answered_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    billable = serializers.BooleanField(allow_null=True)
    duration = serializers.IntegerField(allow_null=True, help_text="Seconds.")


class ReceiptSerializer(serializers.ModelSerializer[Receipt]):
    call = CallDetailsSerializer(allow_null=True, help_text="Null if the receipt is not about a call.")

    class Meta:
        model = Receipt
        fields = ("status", "provider_at", "received_at", "repeats", "payload", "call")


class MessageDetailSerializer(MessageSerializer):
    """A message with all its fields and its receipts."""

    receipts = ReceiptSerializer(many=True)

    class Meta(MessageSerializer.Meta):
        fields = (
            *MessageSerializer.Meta.fields,
            "request_id",
            "error_reason",
            "network",
            "mccmnc",
            "price",
            "content",
            "link",
            "goal",
            "goal_reached_at",
            "goal_reported_at",
            "receipts",
        )


class InboundMessageSerializer(serializers.ModelSerializer[InboundMessage]):
    """An inbound message in a list. :func:`represent` returns these ``fields``."""

    class Meta:
        model = InboundMessage
        fields: tuple[str, ...] = (
            "id",
            "message_id",
            "sender",
            "recipient",
            "text",
            "parts",
            "provider_at",
            "received_at",
        )


class InboundMessageDetailSerializer(InboundMessageSerializer):
    class Meta(InboundMessageSerializer.Meta):
        fields = (*InboundMessageSerializer.Meta.fields, "payload")


# Fields that may contain phone numbers.
MAY_HAVE_NUMBERS: Final = ("sender", "recipient", "text", "content", "link", "error_reason", "payload")
# The field that the row's ``masked_number`` is for.
MASKED_BY_ROW: Final = {Message: "number", InboundMessage: "sender"}


def represent(row: Message | InboundMessage, serializer: type[Any], *, may_see: bool) -> dict[str, Any]:
    """Return the fields of ``serializer`` as JSON; phone numbers are masked unless ``may_see``."""
    shown = {name: READERS.get(name, getattr)(row, name) for name in serializer.Meta.fields}
    if not may_see:
        shown = _masked(shown)
        shown[MASKED_BY_ROW[type(row)]] = row.masked_number
    return shown


def _receipts(message: Message, name: str) -> list[dict[str, Any]]:
    return [_receipt(receipt) for receipt in message.receipts.all()]


def _receipt(receipt: Receipt) -> dict[str, Any]:
    call = services.call_details(receipt)
    own = {name: getattr(receipt, name) for name in ReceiptSerializer.Meta.fields if name != "call"}
    return {**own, "call": call and asdict(call)}


def _price(message: Message, name: str) -> str | None:
    return None if message.price is None else f"{message.price:f}"  # str() of zero is "0E-6"


def _masked(shown: Mapping[str, Any]) -> dict[str, Any]:
    masked = {name: mask_numbers(value) if name in MAY_HAVE_NUMBERS else value for name, value in shown.items()}
    if "receipts" in masked:
        masked["receipts"] = [_masked(receipt) for receipt in masked["receipts"]]
    return masked


# Field → function that reads it from the row, where the attribute itself is not shown.
READERS: Final[Mapping[str, Callable[[Any, str], Any]]] = {
    "price": _price,
    "receipts": _receipts,
    "verification": lambda message, name: message.verification_id,
}
