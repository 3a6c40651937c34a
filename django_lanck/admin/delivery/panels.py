"""What the page of deliveries shows of the figures: tiles, the funnel, and what can be broken down."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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

# Of the tables by country and by network, which may have hundreds; the export has all.
MOST_ROWS: Final = 15

# A name, the filters of the lists that show its rows, and its figures.
Group: TypeAlias = tuple[str, dict[str, str], Totals]


class Change(NamedTuple):
    """What is different from the period before; ``tone`` is good, bad or neutral, ``arrow`` up, down or none."""

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
    """One step of the funnel: how many came so far, of all, and how many were lost since the one before."""

    label: str
    number: str
    share: str
    width: str
    tone: str
    loss: str
    url: str


class Linked(NamedTuple):
    """A figure and the list of the rows that it counts; ``url`` is empty where there is none to see."""

    text: str
    url: str


class Row(NamedTuple):
    """One line of a table. ``bar`` is how long its bar is, in per cent."""

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
    """``kind`` names its export; ``left_out`` is how many rows are only there."""

    kind: str
    title: str
    column: str
    rows: list[Row]
    left_out: int = 0


def tiles(figures: Figures, before: Totals, links: Links) -> list[Tile]:
    total = figures.total
    of = _("%(part)s of %(whole)s")
    within = _("95%% within %(time)s")
    return [
        Tile(
            _("Conversion"),
            share_text(total.conversion),
            of % {"part": count_text(total.verified), "whole": count_text(total.started)},
            links.verifications(state="verified"),
            _points(total.conversion, before.conversion),
        ),
        Tile(
            _("Delivery rate"),
            share_text(total.delivery_rate),
            of % {"part": count_text(total.delivered), "whole": count_text(total.accepted)},
            links.messages(outcome="delivered"),
            _points(total.delivery_rate, before.delivery_rate),
        ),
        Tile(
            _("Time to delivery"),
            seconds_text(total.delivery_time(0.5)),
            within % {"time": seconds_text(total.delivery_time(0.95))},
        ),
        Tile(
            _("Time to verification"),
            seconds_text(total.proof_time(0.5)),
            within % {"time": seconds_text(total.proof_time(0.95))},
        ),
        Tile(
            _("Cost"),
            cost_text(total.cost) if total.priced else NONE,
            _("told for %(part)s of %(whole)s messages")
            % {"part": count_text(total.priced), "whole": count_text(total.messages)},
            links.messages(),
            _part(float(total.cost), float(before.cost)),
        ),
        Tile(_("Not settled"), count_text(total.unsettled), _("no final status"), links.messages(outcome="unsettled")),
        Tile(_("Unknown"), count_text(total.unknown), _("perhaps sent"), links.messages(status="unknown")),
        Tile(_("Refused by LANCK"), count_text(total.refused), _("not sent"), links.messages(status="refused")),
    ]


def funnel(total: Totals, links: Links) -> list[Step]:
    """What became of the verifications, and how many were lost on the way."""
    steps = [
        (_("Started"), total.started, "started", links.verifications()),
        (_("Accepted by LANCK"), total.reached_lanck, "accepted", links.verifications(reached="lanck")),
        (_("Delivered"), total.reached_phone, "delivered", links.verifications(reached="phone")),
        (_("Verified"), total.verified, "verified", links.verifications(state="verified")),
    ]
    shown, before = [], total.started
    for label, count, tone, url in steps:
        lost = before - count
        loss = _("%(count)s lost (%(share)s)") % {
            "count": count_text(lost),
            "share": share_text(lost / before if before else 0),
        }
        share = share_text(count / total.started if total.started else None)
        width = width_of(count, total.started)
        shown.append(Step(label, count_text(count), share, width, tone, loss if tone != "started" else "", url))
        before = count
    return shown


def tables(figures: Figures, links: Links) -> list[Table]:
    """The same columns for each country, network, method and purpose."""

    def network_name(each: Network) -> str:
        name = figures.networks.get(each.mccmnc, "")
        code = f"{name} ({each.mccmnc})" if name else each.mccmnc or _("unknown")
        return f"{code}, {each.country or _('unknown')}"

    networks = [
        (network_name(each), {"country": each.country or NO_VALUE, "mccmnc": each.mccmnc or NO_VALUE}, totals)
        for each, totals in figures.by_network.items()
    ]

    def by(name: str, groups: Mapping[str, Totals], words: Callable[[str], str]) -> list[Group]:
        return [(words(each), {name: each or NO_VALUE}, totals) for each, totals in groups.items()]

    return [
        _table("countries", _("Countries"), _("country"), by("country", figures.by_country, _or_unknown), links),
        _table("networks", _("Networks"), _("network"), networks, links),
        _table("methods", _("Methods"), _("method"), by("channel", figures.by_channel, channel_name), links),
        _table("purposes", _("Purposes"), _("purpose"), by("purpose", figures.by_purpose, _or_no_purpose), links),
    ]


def day_rows(figures: Figures, links: Links) -> list[Row]:
    """The days, the newest first."""
    most = max((totals.messages for totals in figures.by_day.values()), default=0)
    return [_row(day_text(day), totals, most, links, day) for day, totals in reversed(figures.by_day.items())]


def _table(kind: str, title: str, column: str, groups: Sequence[Group], links: Links) -> Table:
    most = max((totals.messages for _name, _filters, totals in groups), default=0)
    rows = [_row(name, totals, most, links, None, **filters) for name, filters, totals in groups[:MOST_ROWS]]
    return Table(kind, title, column, rows, max(len(groups) - MOST_ROWS, 0))


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


def _or_unknown(value: str) -> str:
    return value or _("unknown")


def _or_no_purpose(value: str) -> str:
    return value or _("no verification")


def _points(now: float | None, before: float | None) -> Change | None:
    """How a share moved: more is better."""
    if now is None or before is None:
        return None
    points = round(100 * (now - before), 1)
    text = _("%(number)s points") % {"number": number_text(abs(points), 1)}
    return _change(points, text, better=1)


def _part(now: float, before: float) -> Change | None:
    """How much more or less it is, of what it was. What it means is for the reader to say."""
    if not before:
        return None
    return _change(round(now / before - 1, 3), share_text(abs(now / before - 1)), better=0)


def _change(difference: float, text: str, better: int) -> Change:
    if not difference:
        return Change(_("as before"), "neutral", "none")
    up = difference > 0
    tone = "neutral" if not better else "good" if up else "bad"
    return Change((_("up %s") if up else _("down %s")) % text, tone, "up" if up else "down")
