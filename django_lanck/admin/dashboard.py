"""The page of deliveries: the list of the days' figures is shown as the figures of a period."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from ..models import DeliveryDay, Message
from ..services import Figures, delivery_figures
from .base import ReadOnlyAdmin, sees_numbers
from .earlier import Earlier, look_back
from .exporting import TABLES, csv_response
from .linking import Links
from .panels import day_rows, funnel, tables, tiles
from .prefixes import change_pause, prefix_rows
from .selection import PERIODS, Selection, read_selection
from .trends import trends
from .troubles import error_rows, fraud_rows, refusal_rows, worst_hour
from .words import channel_name

MOST_MESSAGES = 20


@admin.register(DeliveryDay)
class DeliveryAdmin(ReadOnlyAdmin):
    """A ModelAdmin, so that the page is in the list of the app, with Django's own navigation and permissions."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("lanck.view_delivery")

    def get_urls(self) -> list[URLPattern]:
        """The page and what belongs to it. There is no page of one row."""
        views = {
            "": (self.changelist_view, "changelist"),
            "latest/": (self.latest_view, "latest"),
            "prefix/": (self.prefix_view, "prefix"),
            "export/<slug:table>/": (self.export_view, "export"),
        }
        return [
            path(route, self.admin_site.admin_view(view), name=f"lanck_deliveryday_{name}")
            for route, (view, name) in views.items()
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self._check(request)
        selection, left_out = read_selection(request.GET)
        if left_out:
            text = _("Left out, because it cannot be chosen: %s.") % ", ".join(left_out)[:200]
            self.message_user(request, text, messages.WARNING)
            return HttpResponseRedirect(_address("changelist") + selection.query())
        figures = delivery_figures(selection.scope)
        context = {
            **self.admin_site.each_context(request),
            "title": capfirst(str(self.opts.verbose_name_plural)),
            "opts": self.opts,
            "media": self.media,
            **self._context(request, selection, figures),
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name  # type: ignore[attr-defined]
        return TemplateResponse(request, "admin/lanck/delivery.html", context)

    def _context(self, request: HttpRequest, selection: Selection, figures: Figures) -> dict[str, Any]:
        links, earlier = Links(request, selection.scope), look_back(selection, figures)
        return {
            "selection": selection,
            "periods": [(days, selection.query(days=days)) for days in PERIODS],
            "choices": _choices(selection, earlier),
            "figures": figures,
            "is_empty": not (figures.total.messages or figures.total.started),
            "tiles": tiles(figures, earlier.totals, links),
            "is_compared": bool(earlier.totals.messages),
            "steps": funnel(figures.total, links) if figures.total.started else [],
            "trends": trends(figures),
            "tables": tables(figures, links),
            "day_rows": day_rows(figures, links),
            "refusals": refusal_rows(figures),
            "fraud": fraud_rows(figures, links),
            "errors": error_rows(figures, links),
            "worst_hour": worst_hour(figures),
            "prefixes": prefix_rows(masked=not sees_numbers(request)),
            "may_pause": request.user.has_perm("lanck.pause_prefix"),
            "sees_messages": request.user.has_perm("lanck.view_message"),
            "hours": range(24),
        }

    def export_view(self, request: HttpRequest, table: str) -> StreamingHttpResponse:
        self._check(request)
        if table not in TABLES:
            raise Http404
        return csv_response(delivery_figures(read_selection(request.GET)[0].scope), table)

    @method_decorator(never_cache)
    def latest_view(self, request: HttpRequest) -> HttpResponse:
        """The newest messages, as a part of the page."""
        self._check(request)
        if not request.user.has_perm("lanck.view_message"):
            raise PermissionDenied
        context = {"rows": Message.objects.order_by("-pk")[:MOST_MESSAGES], "sees_numbers": sees_numbers(request)}
        return TemplateResponse(request, "admin/lanck/delivery/latest.html", context)

    @method_decorator(require_POST)
    def prefix_view(self, request: HttpRequest) -> HttpResponse:
        """Pause a prefix, or lift its pause, by the key of its counter."""
        self._check(request)
        if not request.user.has_perm("lanck.pause_prefix"):
            raise PermissionDenied
        told = change_pause(
            request.user.pk,
            request.POST.get("key", ""),
            resume="resume" in request.POST,
            masked=not sees_numbers(request),
        )
        if told:
            self.message_user(request, told)
        else:
            text = _("Nothing was done: this prefix is not counted any more.")
            self.message_user(request, text, messages.WARNING)
        return HttpResponseRedirect(_address("changelist") + read_selection(request.GET)[0].query())

    def _check(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied


def _address(name: str) -> str:
    return reverse(f"admin:lanck_deliveryday_{name}")


def _choices(selection: Selection, earlier: Earlier) -> list[tuple[str, str, list[tuple[str, str, bool]]]]:
    """Each filter: its name, its label, and value, text and whether it is chosen."""
    labels = {"purpose": _("Purpose"), "channel": _("Method"), "country": _("Country"), "mccmnc": _("Network")}
    chosen = selection.scope.chosen()
    boxes = []
    for name, values in earlier.choices.items():
        texts = {value: _choice_text(name, value, text) for value, text in values.items()}
        options = sorted(texts.items(), key=lambda each: each[1].lower())
        boxes.append((name, labels[name], [(value, text, value == chosen.get(name)) for value, text in options]))
    return boxes


def _choice_text(name: str, value: str, text: str) -> str:
    if name == "channel":
        return channel_name(value)
    return f"{text} ({value})" if text != value else value
