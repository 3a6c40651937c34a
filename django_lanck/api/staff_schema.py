"""The OpenAPI description of the API for staff. Excluded while it is disabled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.extensions import OpenApiViewExtension
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers

from ..conf import conf
from . import staff_figures as figures
from . import staff_serializers as ours
from .schema import RETRY_AFTER, refusals

View = TypeVar("View", bound=Callable[..., Any])


class Page(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True, help_text="URL of the next page; null on the last one.")
    previous = serializers.URLField(allow_null=True)


class MessagePage(Page):
    results = ours.MessageSerializer(many=True)


class InboundMessagePage(Page):
    results = ours.InboundMessageSerializer(many=True)


def described(*, operation_id: str, summary: str, **parts: Any) -> Callable[[View], View]:
    return extend_schema(
        operation_id=operation_id, summary=summary, tags=["staff"], exclude=not conf.staff_api, **parts
    )


def listed(
    *, operation_id: str, summary: str, filters: type[ours.Filters], page: type[Page], codes: list[str]
) -> Callable[[View], View]:
    return described(
        operation_id=operation_id,
        summary=summary,
        description="Newest first.",
        parameters=[filters],
        responses={200: page, **refusals("invalid_argument", *codes)},
    )


def shown(*, operation_id: str, summary: str, serializer: type[Any]) -> Callable[[View], View]:
    return described(
        operation_id=operation_id,
        summary=summary,
        parameters=[OpenApiParameter("message_id", str, OpenApiParameter.PATH, description="`id` of the message.")],
        responses={200: serializer, **refusals("not_found")},
    )


class MessagesExtension(OpenApiViewExtension):  # type: ignore[no-untyped-call]
    target_class = "django_lanck.api.staff_views.MessagesView"

    def view_replacement(self) -> Any:
        class Fixed(self.target_class):  # type: ignore[name-defined,misc]
            @listed(
                operation_id="list_messages",
                summary="List messages",
                filters=ours.MessageFilters,
                page=MessagePage,
                codes=["invalid_number"],
            )
            def get(self, *args: Any, **kwargs: Any) -> Any: ...

            @described(
                operation_id="send_sms",
                summary="Send an SMS",
                description="`status` is `accepted`, or `unknown` when LANCK may have accepted the message. "
                "If LANCK did not accept it, the refusal has the `message_id` of the stored message.",
                parameters=[RETRY_AFTER],
                request=ours.SendSerializer,
                responses={
                    201: ours.MessageDetailSerializer,
                    **refusals(
                        "invalid_number",
                        "invalid_argument",
                        "number_not_supported",
                        "method_not_possible",
                        "opted_out",
                        "refused",
                        "too_many_requests",
                        "unavailable",
                        body=True,
                    ),
                },
            )
            def post(self, *args: Any, **kwargs: Any) -> Any: ...

        return Fixed


class MessageExtension(OpenApiViewExtension):  # type: ignore[no-untyped-call]
    target_class = "django_lanck.api.staff_views.MessageView"

    def view_replacement(self) -> Any:
        class Fixed(self.target_class):  # type: ignore[name-defined,misc]
            @shown(
                operation_id="get_message",
                summary="Get a message with its receipts",
                serializer=ours.MessageDetailSerializer,
            )
            def get(self, *args: Any, **kwargs: Any) -> Any: ...

        return Fixed


class InboundMessagesExtension(OpenApiViewExtension):  # type: ignore[no-untyped-call]
    target_class = "django_lanck.api.staff_views.InboundMessagesView"

    def view_replacement(self) -> Any:
        class Fixed(self.target_class):  # type: ignore[name-defined,misc]
            @listed(
                operation_id="list_inbound_messages",
                summary="List inbound messages",
                filters=ours.InboundMessageFilters,
                page=InboundMessagePage,
                codes=[],
            )
            def get(self, *args: Any, **kwargs: Any) -> Any: ...

        return Fixed


class InboundMessageExtension(OpenApiViewExtension):  # type: ignore[no-untyped-call]
    target_class = "django_lanck.api.staff_views.InboundMessageView"

    def view_replacement(self) -> Any:
        class Fixed(self.target_class):  # type: ignore[name-defined,misc]
            @shown(
                operation_id="get_inbound_message",
                summary="Get an inbound message",
                serializer=ours.InboundMessageDetailSerializer,
            )
            def get(self, *args: Any, **kwargs: Any) -> Any: ...

        return Fixed


class DeliveryExtension(OpenApiViewExtension):  # type: ignore[no-untyped-call]
    target_class = "django_lanck.api.staff_views.DeliveryView"

    def view_replacement(self) -> Any:
        class Fixed(self.target_class):  # type: ignore[name-defined,misc]
            @described(
                operation_id="get_delivery",
                summary="Get the delivery figures of a period",
                description="The figures of the dashboard: volume, conversion, delivery, times and cost.",
                parameters=[figures.DeliveryQuery],
                responses={200: figures.DeliverySerializer, **refusals("invalid_argument", "invalid_purpose")},
            )
            def get(self, *args: Any, **kwargs: Any) -> Any: ...

        return Fixed
