"""What there was in the period before, and what can be chosen: of both, one statement tells."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db.models import Max, Q, Sum

from ...models import DeliveryDay
from ...services import Figures, Totals
from .selection import FIELDS, Selection

COMPARED = ("started", "verified", "messages", "accepted", "delivered", "priced", "cost")


@dataclass(slots=True)
class Earlier:
    """``totals`` are those of as many days before. ``choices`` are field → values → names, of all that occurs."""

    totals: Totals = field(default_factory=Totals)
    choices: dict[str, dict[str, str]] = field(default_factory=lambda: {name: {} for name in FIELDS})


def look_back(selection: Selection, figures: Figures) -> Earlier:
    """The period before, with the same chosen; and the values that occur in either period, whatever is chosen."""
    earlier, before, scope = Earlier(), selection.before, selection.scope
    was_before = Q(day__lte=before.until)
    groups = (
        DeliveryDay.objects.filter(day__range=(before.since, scope.until))
        .order_by()
        .values_list(*FIELDS)
        .annotate(**{f"earlier_{name}": Sum(name, filter=was_before, default=0) for name in COMPARED})
        .annotate(Max("network"))
    )
    for *key, network in groups:
        values, counts = dict(zip(FIELDS, key, strict=False)), dict(zip(COMPARED, key[len(FIELDS) :], strict=True))
        _add_choices(earlier, values, network)
        if all(values[name] == value for name, value in scope.chosen().items()):
            earlier.totals.add(Totals(**counts))
    for name, group in (("purpose", figures.by_purpose), ("channel", figures.by_channel)):
        for value in group:
            _add_choices(earlier, {name: value}, "")
    for country, mccmnc in figures.by_network:
        _add_choices(earlier, {"country": country, "mccmnc": mccmnc}, figures.networks.get(mccmnc, ""))
    _add_choices(earlier, scope.chosen(), "")
    return earlier


def _add_choices(earlier: Earlier, values: dict[str, str], network: str) -> None:
    for name, value in values.items():
        if value:
            known = earlier.choices[name].get(value, value)
            earlier.choices[name][value] = network if name == "mccmnc" and network else known
