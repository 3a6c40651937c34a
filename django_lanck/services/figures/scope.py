"""The period and the filters of figures."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from django.utils.translation import gettext as _

from ...exceptions import InvalidArgument
from ...models import Channel
from ...models.time import site_day
from .totals import Dimensions

MAX_DAYS: Final = 366
# What a filter's value looks like. A valid value that does not occur has figures too: all are zero.
FILTER_PATTERNS: Final[Mapping[str, str]] = {
    "purpose": r"[\w.@+ -]{1,50}",
    "channel": "|".join(Channel.values),
    "country": r"[A-Z]{2}",
    "mccmnc": r"[0-9]{5,6}",
}


@dataclass(frozen=True, slots=True)
class Scope:
    """The days from ``since`` to ``until``, both included, in the site's time zone, and filters; empty ones are off."""

    since: date
    until: date
    purpose: str = ""
    channel: str = ""
    country: str = ""
    mccmnc: str = ""

    @property
    def days(self) -> list[date]:
        return [self.since + timedelta(days=number) for number in range((self.until - self.since).days + 1)]

    @property
    def previous(self) -> Scope:
        """The period of the same length that ends the day before this one, with the same filters."""
        length = self.until - self.since + timedelta(days=1)
        return replace(self, since=self.since - length, until=self.until - length)

    def filters(self, *names: str) -> dict[str, str]:
        """Return the filters that are on: of these fields, or of all."""
        return {name: value for name in names or Dimensions._fields if (value := getattr(self, name))}

    def includes(self, dimensions: Dimensions) -> bool:
        return all(getattr(dimensions, name) == value for name, value in self.filters().items())


def scope_of_period(
    *, days: int, since: date | None = None, until: date | None = None, filters: Mapping[str, str]
) -> Scope:
    """Return the scope of a period that ends today, or on ``until``, and has ``days`` days, or begins on ``since``.

    Raises InvalidArgument ``until`` when it ends before it begins or has more than 366 days.
    """
    until = until or site_day()
    since = since or until - timedelta(days=days - 1)
    if not 0 <= (until - since).days < MAX_DAYS:
        sentence = _("It must not be before since, and the period has at most %(days)s days.")
        raise InvalidArgument("until", sentence % {"days": MAX_DAYS})
    return Scope(since, until, **filters)


def invalid_filters(filters: Mapping[str, str]) -> list[str]:
    """Return the names of the filters whose values are invalid."""
    return [name for name, value in filters.items() if not re.fullmatch(FILTER_PATTERNS[name], value)]
