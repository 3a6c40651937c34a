"""The comparison with the previous period, and the values that the figures can be filtered by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from django.db.models import Max, Q, Sum

from ...models import DeliveryDay
from .delivery import Figures
from .totals import Dimensions, Totals

COMPARED: Final = ("started", "verified", "messages", "accepted", "delivered", "priced", "cost")


@dataclass(slots=True)
class Comparison:
    """``previous`` are the totals of the period before; of these, only the columns in ``COMPARED`` are filled.

    ``values`` maps each dimension to the values that occur in either period, and each value to its name.
    """

    previous: Totals = field(default_factory=Totals)
    values: dict[str, dict[str, str]] = field(default_factory=lambda: {name: {} for name in Dimensions._fields})


def compare_with_previous(figures: Figures) -> Comparison:
    """Return the totals of the previous period, and the values of both periods whatever the filters. One statement.

    The previous period has as many days and the same filters.
    """
    result, scope = Comparison(), figures.scope
    previous = scope.previous
    is_previous = Q(day__lte=previous.until)
    groups = (
        DeliveryDay.objects.filter(day__range=(previous.since, scope.until))
        .order_by()
        .values_list(*Dimensions._fields)
        .annotate(**{f"previous_{name}": Sum(name, filter=is_previous, default=0) for name in COMPARED})
        .annotate(Max("network"))
    )
    for *columns, network in groups:
        dimensions, counts = Dimensions(*columns[:4]), dict(zip(COMPARED, columns[4:], strict=True))
        _add_values(result, dimensions._asdict(), network)
        if scope.includes(dimensions):
            result.previous.add(Totals(**counts))
    _add_live_values(result, figures)
    _add_values(result, scope.filters())
    return result


def _add_live_values(result: Comparison, figures: Figures) -> None:
    """Add the values of days that are not counted yet: they occur in the figures, and in no row of DeliveryDay."""
    for name, groups in (("purpose", figures.by_purpose), ("channel", figures.by_channel)):
        for value in groups:
            _add_values(result, {name: value})
    for country, mccmnc in figures.by_network:
        _add_values(result, {"country": country, "mccmnc": mccmnc}, figures.networks.get(mccmnc, ""))


def _add_values(result: Comparison, values: Mapping[str, str], network: str = "") -> None:
    for name, value in values.items():
        if value:
            known = result.values[name].get(value, value)
            result.values[name][value] = network if name == "mccmnc" and network else known
