"""What the page of deliveries is asked for in its address: ``?days=30&country=US``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from django.utils.http import urlencode

from ...models import Channel
from ...models.time import site_day
from ...services import Scope

PERIODS: Final = (1, 7, 30, 90)
USUAL: Final = 7
# What each value has to look like; what does not exist has figures too: none.
FIELDS: Final[Mapping[str, re.Pattern[str]]] = {
    "purpose": re.compile(r"[\w.@+ -]{1,50}"),
    "channel": re.compile("|".join(Channel.values)),
    "country": re.compile(r"[A-Z]{2}"),
    "mccmnc": re.compile(r"[0-9]{5,6}"),
}


@dataclass(frozen=True, slots=True)
class Selection:
    """The last ``days``, today among them, and of these what is chosen."""

    days: int
    scope: Scope

    @property
    def before(self) -> Scope:
        """As many days before, of which the same is chosen."""
        span = timedelta(days=self.days)
        return replace(self.scope, since=self.scope.since - span, until=self.scope.until - span)

    def query(self, days: int | None = None) -> str:
        """The address's query, or that of another period: ``?days=30&country=US``."""
        chosen = {"days": str(days or self.days), **self.scope.chosen()}
        return f"?{urlencode(chosen)}"


def read_selection(given: Mapping[str, str]) -> tuple[Selection, list[str]]:
    """What is asked for, and the names of what is left out because it does not fit."""
    left_out = [name for name in given if name not in FIELDS and name != "days"]
    days = next((period for period in PERIODS if str(period) == given.get("days", "")), None)
    if days is None and "days" in given:
        left_out.append("days")
    chosen = {name: given[name] for name in FIELDS if given.get(name)}
    left_out += [name for name, value in chosen.items() if not FIELDS[name].fullmatch(value)]
    fitting = {name: value for name, value in chosen.items() if name not in left_out}
    days, today = days or USUAL, site_day()
    return Selection(days, Scope(today - timedelta(days=days - 1), today, **fitting)), left_out
