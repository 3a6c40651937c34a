"""The base of the pages of a number: access, URLs and rendering."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse

from ...services.support.actions import may_act, may_read_stories
from ..base import ReadOnlyAdmin


class NumberPagesAdmin(ReadOnlyAdmin):
    """A model whose rows have the pages of their number. A URL contains the key of a row, never a number."""

    def number_of(self, row: Any) -> str:
        """Return the number of a row; empty if it is forgotten or a name."""
        number = str(getattr(row, self.number_fields[0]))
        return number if number.startswith("+") else ""

    def number_url(self, row: Model, page: str = "story") -> str:
        """Return the URL of a page of the row's number: ``story``, ``story/ask`` …"""
        name = f"lanck_{row._meta.model_name}_{page.replace('/', '_')}"
        return reverse(f"admin:{name}", args=[quote(row.pk)])

    def open_row(self, request: HttpRequest, object_id: str, action: str = "") -> tuple[Any, str]:
        """Return a row and its number for reading its story or taking an action.

        Raises PermissionDenied, and Http404 for a row that does not exist or has no number.
        """
        row = self.get_object(request, unquote(object_id))
        may = may_act(request.user, action) if action else may_read_stories(request.user)
        if not (may and self.has_view_permission(request, row)):
            raise PermissionDenied
        if row is None or not self.number_of(row):
            raise Http404
        return row, self.number_of(row)

    def may_view(self, request: HttpRequest, model: type[Model]) -> bool:
        """Return whether the user of the request may see the rows of a model."""
        is_registered = self.admin_site.is_registered(model)
        return is_registered and self.admin_site.get_model_admin(model).has_view_permission(request)

    def number_page(self, request: HttpRequest, template: str, title: str, **context: Any) -> TemplateResponse:
        shared = {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media, "title": title}
        return TemplateResponse(request, f"admin/lanck/{template}.html", {**shared, **context})
