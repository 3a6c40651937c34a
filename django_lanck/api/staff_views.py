"""The API for staff: messages, inbound messages, delivery figures, sending an SMS. Off without ``STAFF_API``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import status
from rest_framework.exceptions import NotFound, PermissionDenied, ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from .. import services
from ..conf import conf
from ..exceptions import Refusal
from ..models import InboundMessage, Message
from . import staff_serializers as ours
from .staff_figures import DeliveryQuery, represent_figures
from .staff_serializers import Filters, represent
from .views import PhoneView

# A valid primary key on every database.
KEY: Final = re.compile(r"[0-9]{1,18}")


class HasModelPermission(BasePermission):
    """Requires the model permission in the view's ``needs``. ``API_PERMISSION_CLASSES`` does not apply."""

    def has_permission(self, request: Request, view: Any) -> bool:
        needed = view.needs.get(request.method, view.needs["GET"])
        return bool(request.user and request.user.is_authenticated and request.user.has_perm(needed))


class NewestFirst(CursorPagination):
    """Cursor pagination, newest first: without a count and without an offset."""

    ordering = "-pk"
    page_size = ours.PAGE_SIZE
    page_size_query_param = "page_size"
    max_page_size = ours.LARGEST_PAGE

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Return the cursor of the query. Its position is used in a condition, so it has to be a primary key."""
        try:
            cursor = super().decode_cursor(request)
        except NotFound:
            raise _bad_cursor() from None
        if cursor and not KEY.fullmatch(str(cursor.position)):
            raise _bad_cursor()
        return cursor


def _bad_cursor() -> ValidationError:
    return ValidationError({"cursor": [_("Use the cursor of another page.")]})


class StaffView(PhoneView):
    needs: ClassVar[Mapping[str, str]]

    def get_permissions(self) -> list[Any]:
        return [HasModelPermission()]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if not conf.staff_api:
            raise Http404
        super().initial(request, *args, **kwargs)

    def page(self, request: Request, rows: QuerySet[Any], filters: type[Filters], serializer: type[Any]) -> Response:
        """Return a page of the rows that match the query."""
        may_see = services.may_see_numbers(request.user)
        if filters.by_number in request.query_params and not may_see:
            raise PermissionDenied(_("To search by a number you need the permission lanck.view_number."))
        found = rows.filter(**filters.conditions(request.query_params))
        pages = NewestFirst()
        shown = [represent(row, serializer, may_see=may_see) for row in pages.paginate_queryset(found, request) or ()]
        return pages.get_paginated_response(shown)

    def one(self, request: Request, rows: QuerySet[Any], message_id: str, serializer: type[Any]) -> dict[str, Any]:
        row = rows.filter(pk=message_id).first() if KEY.fullmatch(message_id) else None
        if row is None:
            raise Refusal("not_found")
        return represent(row, serializer, may_see=services.may_see_numbers(request.user))


class MessagesView(StaffView):
    needs = {"GET": "lanck.view_message", "POST": "lanck.send_message"}

    def get(self, request: Request) -> Response:
        rows = Message.objects.only(*ours.MessageSerializer.Meta.fields)
        return self.page(request, rows, ours.MessageFilters, ours.MessageSerializer)

    def post(self, request: Request) -> Response:
        message = services.send_sms(**self.parse(ours.SendSerializer, request))
        # Read again: a receipt may arrive before LANCK's answer.
        shown = self.one(request, Message.objects.all(), str(message.pk), ours.MessageDetailSerializer)
        return Response(shown, status=status.HTTP_201_CREATED)


class MessageView(StaffView):
    needs = {"GET": "lanck.view_message"}

    def get(self, request: Request, message_id: str) -> Response:
        return Response(self.one(request, Message.objects.all(), message_id, ours.MessageDetailSerializer))


class InboundMessagesView(StaffView):
    needs = {"GET": "lanck.view_inboundmessage"}

    def get(self, request: Request) -> Response:
        rows = InboundMessage.objects.only(*ours.InboundMessageSerializer.Meta.fields)
        return self.page(request, rows, ours.InboundMessageFilters, ours.InboundMessageSerializer)


class InboundMessageView(StaffView):
    needs = {"GET": "lanck.view_inboundmessage"}

    def get(self, request: Request, message_id: str) -> Response:
        return Response(
            self.one(request, InboundMessage.objects.all(), message_id, ours.InboundMessageDetailSerializer)
        )


class DeliveryView(StaffView):
    needs = {"GET": "lanck.view_delivery"}

    def get(self, request: Request) -> Response:
        scope = DeliveryQuery.scope(request.query_params)
        return Response(represent_figures(services.delivery_figures(scope)))
