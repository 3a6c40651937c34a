"""The filter by day, which also limits how many rows a list looks through."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import SEARCH_VAR
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from .filters import other_parameters

if TYPE_CHECKING:
    from django.contrib.admin.views.main import ChangeList


class DayFilter(admin.FieldListFilter):
    """Selects the rows from one day until before another, and of these the newest ``list_reach`` rows.

    It is the first filter of each list. The other filters look through these rows only, so they need no index, which
    would slow down every message that is sent. It does not limit a search, whose column is indexed.
    """

    template = "admin/lanck/day_filter.html"
    # The time of the oldest selected row, if the list has older rows.
    oldest_time: datetime | None = None

    def __init__(self, field: Any, request: HttpRequest, params: Any, model: Any, model_admin: Any, field_path: str):
        super().__init__(field, request, params, model, model_admin, field_path)
        self.title = _("day")
        self.reach: int = model_admin.list_reach

    def expected_parameters(self) -> list[Any]:
        return [f"{self.field_path}__gte", f"{self.field_path}__lt"]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        bounds = {name: _parse_time(text) for name, text in self._parameters().items()}
        searched = request.GET.get(SEARCH_VAR, "").strip()
        if not searched or "\0" in searched:  # the changelist ignores such a search
            times = queryset.filter(**bounds).order_by(f"-{self.field_path}").values_list(self.field_path, flat=True)
            oldest = list(times[self.reach - 1 : self.reach + 1])
            if len(oldest) == 2:
                # Replaces the chosen first day: of two lower bounds a database may use the lower one for its index.
                self.oldest_time = bounds[f"{self.field_path}__gte"] = oldest[0]
        return queryset.filter(**bounds)

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """Yield the links. Sets ``start`` and ``end``, the name and the value of the two date inputs."""
        since, before = self.expected_parameters()
        chosen = self._parameters()
        self.other_parameters = other_parameters(changelist, since, before)
        self.start, self.end = ((name, _day_of(chosen.get(name))) for name in (since, before))
        today = timezone.localdate()
        links: list[tuple[Any, dict[str, str]]] = [(_("Any date"), {}), (_("Today"), {since: today.isoformat()})]
        for days in (7, 30, 90):
            first = today - timedelta(days=days - 1)
            links.append((ngettext("%d day", "%d days", days) % days, {since: first.isoformat()}))
        for display, wanted in links:
            address = changelist.get_query_string({since: None, before: None, **wanted})
            yield {"selected": wanted == chosen, "query_string": address, "display": display}

    def _parameters(self) -> dict[str, str]:
        given: dict[str, Any] = self.used_parameters
        return {name: values[-1] for name, values in given.items() if values[-1]}


def _parse_time(text: str) -> datetime:
    """Parse a time, or a day as its beginning in the site's time zone. Returns UTC."""
    try:
        parsed = parse_datetime(text)
        if parsed is None:
            raise IncorrectLookupParameters
        aware = parsed if timezone.is_aware(parsed) else timezone.make_aware(parsed)
        timezone.localtime(aware)  # the date inputs show this day; it overflows at the ends of the calendar
        return aware.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise IncorrectLookupParameters from error


def _day_of(text: str | None) -> str:
    return timezone.localtime(_parse_time(text)).date().isoformat() if text else ""
