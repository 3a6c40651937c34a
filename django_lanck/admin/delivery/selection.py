"""The period and filters in the dashboard's query string: ``?days=30&country=US``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.utils.http import urlencode

from ...services import Scope
from ...services.figures.scope import FILTER_PATTERNS, invalid_filters, scope_of_period

PERIODS: Final = (1, 7, 30, 90)
DEFAULT_PERIOD: Final = 7


@dataclass(frozen=True, slots=True)
class Selection:
    """The last ``days`` days, today included, and the filters."""

    days: int
    scope: Scope

    def query(self, days: int | None = None) -> str:
        """Return the query string of this selection, or of another period with the same filters."""
        return f"?{urlencode({'days': str(days or self.days), **self.scope.filters()})}"


def read_selection(query: Mapping[str, str]) -> tuple[Selection, list[str]]:
    """Return the selection of a query string, and the names of the parameters that are invalid and ignored."""
    ignored = [name for name in query if name not in FILTER_PATTERNS and name != "days"]
    days = next((period for period in PERIODS if str(period) == query.get("days", "")), None)
    if days is None and "days" in query:
        ignored.append("days")
    filters = {name: query[name] for name in FILTER_PATTERNS if query.get(name)}
    ignored += invalid_filters(filters)
    valid = {name: value for name, value in filters.items() if name not in ignored}
    days = days or DEFAULT_PERIOD
    return Selection(days, scope_of_period(days=days, filters=valid)), ignored
