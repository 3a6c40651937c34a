"""Filters with fixed choices: none reads the table to learn which values there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import phonenumbers
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.contrib.admin.views.main import ChangeList


def filter_by(field: str, title: Any, choices: Iterable[tuple[str, Any]]) -> type[admin.SimpleListFilter]:
    """A filter by the values of a column."""
    known = list(choices)

    class ChoicesFilter(admin.SimpleListFilter):
        parameter_name = field

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
            return known

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            return queryset.filter(**{field: self.value()}) if self.value() else queryset

    ChoicesFilter.title = title
    return ChoicesFilter


# All that phone numbers can belong to: far too many for a list of links, so they are chosen from a box by typing.
COUNTRIES = [
    (region, f"{region} +{phonenumbers.country_code_for_region(region)}")
    for region in sorted(phonenumbers.SUPPORTED_REGIONS)
]


class CountryFilter(filter_by("country", _("country"), COUNTRIES)):  # type: ignore[misc]
    template = "admin/lanck/select_filter.html"

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:
        """What the box offers. ``kept`` is what else is chosen on the page; it has to survive the form."""
        self.kept = [pair for pair in changelist.params.items() if pair[0] != self.parameter_name]
        for value, display in [("", _("All")), *self.lookup_choices]:
            yield {"value": value, "display": display, "selected": value == (self.value() or "")}


class StandingFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("standing", _("standing")), ("lifted", _("lifted"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in ("standing", "lifted"):
            return queryset
        return queryset.filter(lifted_at__isnull=self.value() == "standing")
