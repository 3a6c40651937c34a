"""The delivery dashboard: the change list of ``DeliveryDay`` shows the figures of a period instead of rows."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from ...models import DeliveryDay, Message
from ...services import Figures, count_days, delivery_figures
from ...services.figures.comparison import Comparison, compare_with_previous
from ...services.prefixes import change_prefix_pause
from ..base import ModelAdmin
from ..labels import badge, channel_name
from ..masking import sees_numbers
from .errors import error_rows, fraud_rows, refusal_rows, worst_hour
from .export import TABLES, csv_response
from .formats import count_text
from .links import Links
from .panels import day_rows, funnel, tables, tiles
from .prefixes import pause_message, prefix_rows
from .selection import PERIODS, Selection, read_selection
from .trends import trends

LATEST_MESSAGES = 20
COUNTING_SECONDS = 20


@admin.register(DeliveryDay)
class DeliveryAdmin(ModelAdmin):
    """The dashboard as a ModelAdmin, so that Django lists it, and applies its navigation and permissions."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("lanck.view_delivery")

    def get_urls(self) -> list[URLPattern]:
        """Return the URLs of the dashboard. Single rows have no page."""
        wrap = self.admin_site.admin_view
        return [
            path("", wrap(self.changelist_view), name="lanck_deliveryday_changelist"),
            path("latest/", wrap(self.latest_view), name="lanck_deliveryday_latest"),
            path("count/", wrap(self.count_view), name="lanck_deliveryday_count"),
            path("prefix/", wrap(self.prefix_view), name="lanck_deliveryday_prefix"),
            path("export/<slug:table>/", wrap(self.export_view), name="lanck_deliveryday_export"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self._require_permission(request)
        selection, ignored = read_selection(request.GET)
        if ignored:
            text = _("Invalid filters were ignored: %s.") % ", ".join(ignored)[:200]
            self.message_user(request, text, messages.WARNING)
            return HttpResponseRedirect(_url("changelist") + selection.query())
        figures = delivery_figures(selection.scope)
        context = {
            **self.admin_site.each_context(request),
            "title": capfirst(str(self.opts.verbose_name_plural)),
            "opts": self.opts,
            "media": self.media,
            **self._context(request, selection, figures),
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/lanck/delivery.html", context)

    def _context(self, request: HttpRequest, selection: Selection, figures: Figures) -> dict[str, Any]:
        links, comparison = Links(request, selection.scope), compare_with_previous(figures)
        return {
            "selection": selection,
            "query": selection.query(),
            "periods": [(days, selection.query(days)) for days in PERIODS],
            "choices": _choices(selection, comparison),
            "figures": figures,
            "is_empty": not (figures.total.messages or figures.total.started),
            "tiles": tiles(figures, comparison.previous, links),
            "is_compared": bool(comparison.previous.messages),
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
        self._require_permission(request)
        if table not in TABLES:
            raise Http404
        return csv_response(delivery_figures(read_selection(request.GET)[0].scope), table)

    def latest_view(self, request: HttpRequest) -> HttpResponse:
        """Return the newest messages as an HTML fragment, which the page polls."""
        self._require_permission(request)
        if not request.user.has_perm("lanck.view_message"):
            raise PermissionDenied
        newest = Message.objects.order_by("-pk")[:LATEST_MESSAGES]
        context = {"rows": [(row, badge(row.status)) for row in newest], "sees_numbers": sees_numbers(request)}
        return TemplateResponse(request, "admin/lanck/delivery/latest.html", context)

    @method_decorator(require_POST)
    def prefix_view(self, request: HttpRequest) -> HttpResponse:
        """Pause a prefix or lift its pause. The form has the key of its counter, so that no URL has a number."""
        self._require_permission(request)
        if not request.user.has_perm("lanck.pause_prefix"):
            raise PermissionDenied
        key, paused = request.POST.get("key", ""), "resume" not in request.POST
        change = change_prefix_pause(key=key, paused=paused, user_id=request.user.pk)
        if change:
            self.message_user(request, pause_message(change, masked=not sees_numbers(request)))
        else:
            text = _("Nothing was changed: this prefix is not counted any more.")
            self.message_user(request, text, messages.WARNING)
        return self._back(request)

    # Each day is counted in a transaction of its own.
    @method_decorator([transaction.non_atomic_requests, require_POST])
    def count_view(self, request: HttpRequest) -> HttpResponse:
        """Count the days that are due, for at most ``COUNTING_SECONDS``."""
        self._require_permission(request)
        done = count_days(max_seconds=COUNTING_SECONDS)
        text = ngettext(
            "%(counted)s of %(due)s day was counted.", "%(counted)s of %(due)s days were counted.", done.due
        )
        self.message_user(request, text % {"counted": count_text(done.counted), "due": count_text(done.due)})
        return self._back(request)

    def _back(self, request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect(_url("changelist") + read_selection(request.GET)[0].query())

    def _require_permission(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied


def _url(name: str) -> str:
    return reverse(f"admin:lanck_deliveryday_{name}")


def _choices(selection: Selection, comparison: Comparison) -> list[tuple[str, str, list[tuple[str, str, bool]]]]:
    """Return the name and label of each filter, and the value, text and selected state of its options."""
    labels = {"purpose": _("Purpose"), "channel": _("Method"), "country": _("Country"), "mccmnc": _("Network")}
    selected = selection.scope.filters()
    boxes = []
    for name, values in comparison.values.items():
        texts = {value: _choice_text(name, value, text) for value, text in values.items()}
        options = sorted(texts.items(), key=lambda each: each[1].lower())
        boxes.append((name, labels[name], [(value, text, value == selected.get(name)) for value, text in options]))
    return boxes


def _choice_text(name: str, value: str, text: str) -> str:
    if name == "channel":
        return channel_name(value)
    return f"{text} ({value})" if text != value else value
