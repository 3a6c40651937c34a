"""What staff ask for and are shown."""

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

PAGE_SIZE: Final = 50
LARGEST_PAGE: Final = 200


class Strict(serializers.Serializer[Any]):
    """Refuses what it has no field for: a slip in a name must not list everything, or send what was not meant."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = [name for name in data if name not in self.fields]
            if unknown:
                raise ValidationError({name: [_("There is no such field.")] for name in unknown})
        return super().to_internal_value(data)


class NumberField(serializers.CharField):
    """A whole phone number in any spelling, as it is stored."""

    def to_internal_value(self, data: Any) -> str:
        try:
            return str(services.parse_number(super().to_internal_value(data)).as_e164)
        except Refusal as refusal:
            raise ValidationError(refusal.detail) from None


class Query(Strict):
    """What is asked for in an address."""

    @classmethod
    def read(cls, query: QueryDict) -> dict[str, Any]:
        """The values of a query. Raises ValidationError, naming the field."""
        repeated = [name for name, values in query.lists() if len(values) > 1]
        if repeated:
            raise ValidationError({name: [_("Give it once.")] for name in repeated})
        asked = cls(data=query.dict())
        asked.is_valid(raise_exception=True)
        return dict(asked.validated_data)


class Filters(Query):
    """The query of a list.

    ``lookups`` says what each field is in the database; ``by_number`` names the one for those who may see numbers.
    """

    lookups: ClassVar[Mapping[str, str]] = {}
    by_number: ClassVar[str]

    created_after = serializers.DateTimeField(
        required=False, default_timezone=UTC, help_text="This moment or later; UTC where it names no zone."
    )
    created_before = serializers.DateTimeField(
        required=False, default_timezone=UTC, help_text="Earlier than this moment; UTC where it names no zone."
    )
    cursor = serializers.CharField(required=False, help_text="From `next` or `previous` of another page.")
    page_size = serializers.IntegerField(
        required=False, min_value=1, max_value=LARGEST_PAGE, help_text=f"Default: {PAGE_SIZE}."
    )

    @classmethod
    def conditions(cls, query: QueryDict) -> dict[str, Any]:
        """The conditions of a query, for ``filter``. Raises ValidationError, naming the field."""
        given = cls.read(query)
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

    number = NumberField(required=False, help_text="Whole, in any spelling. Needs the permission `lanck.view_number`.")
    channel = serializers.ChoiceField(choices=Channel.choices, required=False)
    status = serializers.CharField(max_length=32, required=False, help_text="A status as messages have it.")
    country = serializers.RegexField(r"^[A-Z]{2}\Z", required=False, help_text="ISO code, such as `DE`.")
    category = serializers.ChoiceField(choices=Category.choices, required=False)
    verification = serializers.UUIDField(required=False, help_text="`id` of a verification.")


class InboundMessageFilters(Filters):
    lookups = {"sender": "sender", "created_after": "received_at__gte", "created_before": "received_at__lt"}
    by_number = "sender"

    sender = NumberField(required=False, help_text="Whole, in any spelling. Needs the permission `lanck.view_number`.")


class SendSerializer(Strict):
    """What sending an SMS takes. What LANCK takes as a text or a sender is the service's to say."""

    number = serializers.CharField(max_length=100, help_text="In any spelling that has the country code.")
    text = serializers.CharField(trim_whitespace=False, help_text="`{link}` in it becomes a short address.")
    link = serializers.CharField(required=False, help_text="Where `{link}` leads: http or https.")
    sender = serializers.CharField(required=False, help_text="Default: the site's for the country.")
    category = serializers.ChoiceField(
        choices=Category.choices, required=False, help_text="`marketing` is not sent to those who opted out."
    )


class MessageSerializer(serializers.ModelSerializer[Message]):
    """A message in a list. ``fields`` is what :func:`represent` shows."""

    number = serializers.CharField(help_text="Masked without the permission `lanck.view_number`.")
    status = serializers.CharField(help_text="This app's words in small letters, LANCK's in capitals.")

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
    call = CallDetailsSerializer(allow_null=True, help_text="Null where the receipt says nothing of a call.")

    class Meta:
        model = Receipt
        fields = ("status", "provider_at", "received_at", "repeats", "payload", "call")


class MessageDetailSerializer(MessageSerializer):
    """A message with all that is known of it."""

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
    """An SMS in a list. ``fields`` is what :func:`represent` shows."""

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


# What may have phone numbers in it, by their names in the answers.
MAY_HAVE_NUMBERS: Final = ("sender", "recipient", "text", "content", "link", "error_reason", "payload")
# Where a row itself knows how to mask a field.
MASKED_BY_ROW: Final = {Message: "number", InboundMessage: "sender"}


def represent(row: Message | InboundMessage, serializer: type[Any], *, may_see: bool) -> dict[str, Any]:
    """A row as ``serializer`` describes it; numbers are masked unless one ``may_see`` them."""
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
    return None if message.price is None else f"{message.price:f}"  # a plain str() of 0 is 0E-6


def _masked(shown: Mapping[str, Any]) -> dict[str, Any]:
    masked = {name: mask_numbers(value) if name in MAY_HAVE_NUMBERS else value for name, value in shown.items()}
    if "receipts" in masked:
        masked["receipts"] = [_masked(receipt) for receipt in masked["receipts"]]
    return masked


# How a field is read whose attribute is not what is shown.
READERS: Final[Mapping[str, Callable[[Any, str], Any]]] = {
    "price": _price,
    "receipts": _receipts,
    "verification": lambda message, name: message.verification_id,
}
