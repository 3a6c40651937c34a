"""The dashboard's tiles, funnel and tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple, TypeAlias

from django.utils.translation import gettext as _

from ...services import Figures, Totals
from ...services.figures.delivery import Network
from ..filters import NO_VALUE
from ..labels import channel_name
from .charts import width_of
from .formats import NONE, cost_text, count_text, day_text, number_text, seconds_text, share_text
from .links import Links

# The length of a table. There may be hundreds of countries and networks; the CSV file has all.
MAX_ROWS: Final = 15

# The name of a group, the filters of the change lists that show its rows, and its totals.
Group: TypeAlias = tuple[str, dict[str, str], Totals]


class Change(NamedTuple):
    """The change from the previous period; ``tone`` is good, bad or neutral, ``arrow`` up, down or none."""

    text: str
    tone: str
    arrow: str


@dataclass(frozen=True, slots=True)
class Tile:
    label: str
    value: str
    note: str = ""
    url: str = ""
    change: Change | None = None


class Step(NamedTuple):
    """One step of the funnel: how many verifications reached it, and how many were lost since the previous step."""

    label: str
    number: str
    share: str
    width: str
    tone: str
    loss: str
    url: str


class Linked(NamedTuple):
    """A figure and the URL of the rows that it counts, or an empty one."""

    text: str
    url: str


class Row(NamedTuple):
    """One row of a table. ``bar`` is the length of its bar in per cent."""

    name: str
    bar: str
    messages: Linked
    delivered: Linked
    delivery_rate: str
    started: Linked
    verified: Linked
    conversion: str
    median: str
    p95: str
    cost: str


class Table(NamedTuple):
    """``kind`` is the name of its CSV file; ``left_out`` is the number of rows that only the file has."""

    kind: str
    title: str
    column: str
    rows: list[Row]
    left_out: int = 0


def tiles(figures: Figures, previous: Totals, links: Links) -> list[Tile]:
    total = figures.total
    return [
        *_rate_tiles(total, previous, links),
        _time_tile(_("Time to delivery"), total.delivery_time),
        _time_tile(_("Time to verification"), total.proof_time),
        _cost_tile(total, previous, links),
        Tile(_("Unsettled"), count_text(total.unsettled), _("no final status"), links.messages(outcome="unsettled")),
        Tile(_("Unknown"), count_text(total.unknown), _("perhaps sent"), links.messages(status="unknown")),
        Tile(_("Refused by LANCK"), count_text(total.refused), _("not sent"), links.messages(status="refused")),
    ]


def _rate_tiles(total: Totals, previous: Totals, links: Links) -> Iterator[Tile]:
    fraction = _("%(part)s of %(whole)s")
    yield Tile(
        _("Conversion"),
        share_text(total.conversion),
        fraction % {"part": count_text(total.verified), "whole": count_text(total.started)},
        links.verifications(state="verified"),
        _difference_in_points(total.conversion, previous.conversion),
    )
    yield Tile(
        _("Delivery rate"),
        share_text(total.delivery_rate),
        fraction % {"part": count_text(total.delivered), "whole": count_text(total.accepted)},
        links.messages(outcome="delivered"),
        _difference_in_points(total.delivery_rate, previous.delivery_rate),
    )


def _time_tile(label: str, time_of: Callable[[float], float | None]) -> Tile:
    return Tile(label, seconds_text(time_of(0.5)), _("95%% within %(time)s") % {"time": seconds_text(time_of(0.95))})


def _cost_tile(total: Totals, previous: Totals, links: Links) -> Tile:
    counts = {"part": count_text(total.priced), "whole": count_text(total.messages)}
    return Tile(
        _("Cost"),
        cost_text(total.cost) if total.priced else NONE,
        _("known for %(part)s of %(whole)s messages") % counts,
        links.messages(),
        _relative_change(float(total.cost), float(previous.cost)),
    )


def funnel(total: Totals, links: Links) -> list[Step]:
    """Return the steps from start to verified, with the number of verifications lost at each."""
    steps = [
        (_("Started"), total.started, "started", links.verifications()),
        (_("Accepted by LANCK"), total.reached_lanck, "accepted", links.verifications(reached="lanck")),
        (_("Delivered"), total.reached_phone, "delivered", links.verifications(reached="phone")),
        (_("Verified"), total.verified, "verified", links.verifications(state="verified")),
    ]
    result, previous = [], total.started
    for label, count, tone, url in steps:
        share = share_text(count / total.started if total.started else None)
        loss = "" if tone == "started" else _loss_text(previous, count)
        result.append(Step(label, count_text(count), share, width_of(count, total.started), tone, loss, url))
        previous = count
    return result


def _loss_text(previous: int, count: int) -> str:
    lost = previous - count
    share = share_text(lost / previous if previous else 0)
    return _("%(count)s lost (%(share)s)") % {"count": count_text(lost), "share": share}


def tables(figures: Figures, links: Links) -> list[Table]:
    """Return the tables by country, network, method and purpose."""

    def network_name(each: Network) -> str:
        name = figures.networks.get(each.mccmnc, "")
        code = f"{name} ({each.mccmnc})" if name else each.mccmnc or _("unknown")
        return f"{code}, {each.country or _('unknown')}"

    networks = [
        (network_name(each), {"country": each.country or NO_VALUE, "mccmnc": each.mccmnc or NO_VALUE}, totals)
        for each, totals in figures.by_network.items()
    ]

    def by(name: str, groups: Mapping[str, Totals], label: Callable[[str], str]) -> list[Group]:
        return [(label(each), {name: each or NO_VALUE}, totals) for each, totals in groups.items()]

    return [
        _table("countries", _("Countries"), _("country"), by("country", figures.by_country, _country_label), links),
        _table("networks", _("Networks"), _("network"), networks, links),
        _table("methods", _("Methods"), _("method"), by("channel", figures.by_channel, channel_name), links),
        _table("purposes", _("Purposes"), _("purpose"), by("purpose", figures.by_purpose, _purpose_label), links),
    ]


def day_rows(figures: Figures, links: Links) -> list[Row]:
    """Return the rows of the days, newest first."""
    most = max((totals.messages for totals in figures.by_day.values()), default=0)
    return [_row(day_text(day), totals, most, links, day) for day, totals in reversed(figures.by_day.items())]


def _table(kind: str, title: str, column: str, groups: Sequence[Group], links: Links) -> Table:
    most = max((totals.messages for _name, _filters, totals in groups), default=0)
    rows = [_row(name, totals, most, links, None, **filters) for name, filters, totals in groups[:MAX_ROWS]]
    return Table(kind, title, column, rows, max(len(groups) - MAX_ROWS, 0))


def _row(name: str, totals: Totals, most: int, links: Links, day: date | None, **filters: str) -> Row:
    return Row(
        name=name,
        bar=width_of(totals.messages, most),
        messages=Linked(count_text(totals.messages), links.messages(day, **filters)),
        delivered=Linked(count_text(totals.delivered), links.messages(day, outcome="delivered", **filters)),
        delivery_rate=share_text(totals.delivery_rate),
        started=Linked(count_text(totals.started), links.verifications(day, **filters)),
        verified=Linked(count_text(totals.verified), links.verifications(day, state="verified", **filters)),
        conversion=share_text(totals.conversion),
        median=seconds_text(totals.delivery_time(0.5)),
        p95=seconds_text(totals.delivery_time(0.95)),
        cost=cost_text(totals.cost) if totals.priced else NONE,
    )


def _country_label(value: str) -> str:
    return value or _("unknown")


def _purpose_label(value: str) -> str:
    return value or _("no verification")


def _difference_in_points(current: float | None, previous: float | None) -> Change | None:
    """Return the difference between two shares in percentage points; an increase is good."""
    if current is None or previous is None:
        return None
    points = round(100 * (current - previous), 1)
    text = _("%(number)s points") % {"number": number_text(abs(points), 1)}
    return _change(points, text, higher_is_better=True)


def _relative_change(current: float, previous: float) -> Change | None:
    """Return the relative change; it is neither good nor bad."""
    if not previous:
        return None
    return _change(round(current / previous - 1, 3), share_text(abs(current / previous - 1)), higher_is_better=None)


def _change(difference: float, text: str, higher_is_better: bool | None) -> Change:
    if not difference:
        return Change(_("unchanged"), "neutral", "none")
    up = difference > 0
    tone = "neutral" if higher_is_better is None else "good" if up == higher_is_better else "bad"
    return Change((_("up %s") if up else _("down %s")) % text, tone, "up" if up else "down")
