"""What the page of deliveries shows of the figures: tiles, the funnel, and what can be broken down."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from django.utils import formats
from django.utils.translation import gettext as _

from ..services import Figures, Totals
from .amounts import NONE, cost_text, count_text, day_text, seconds_text, share_text
from .charts import width_of
from .linking import Links
from .words import channel_name

# Of the tables by country and by network, which may have hundreds; the export has all.
MOST_ROWS: Final = 25


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
    count: str
    share: str
    width: str
    tone: str
    loss: str
    url: str


class Row(NamedTuple):
    """One line of a table. ``bar`` is how long its bar is, in per cent; ``url`` shows its messages."""

    name: str
    bar: str
    messages: str
    delivered: str
    delivery_rate: str
    started: str
    verified: str
    conversion: str
    median: str
    p95: str
    cost: str
    url: str
    verified_url: str


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
    within = _("95 of 100 within %(time)s")
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

    def network_name(mccmnc: str) -> str:
        name = figures.networks.get(mccmnc, "")
        return f"{name} ({mccmnc})" if name else mccmnc or _("unknown")

    networks = {
        f"{network_name(each.mccmnc)}, {each.country or _('unknown')}": (
            links.messages(country=each.country or "-", mccmnc=each.mccmnc or "-"),
            totals,
        )
        for each, totals in figures.by_network.items()
    }

    def by(name: str, groups: Mapping[str, Totals], words: Callable[[str], str]) -> dict[str, tuple[str, Totals]]:
        return {words(each): (links.messages(**{name: each or "-"}), totals) for each, totals in groups.items()}

    return [
        _table("countries", _("Countries"), _("country"), by("country", figures.by_country, _or_unknown)),
        _table("networks", _("Networks"), _("network"), networks),
        _table("methods", _("Methods"), _("method"), by("channel", figures.by_channel, channel_name)),
        _table("purposes", _("Purposes"), _("purpose"), by("purpose", figures.by_purpose, _or_no_purpose)),
    ]


def day_rows(figures: Figures, links: Links) -> list[Row]:
    """The days, the newest first."""
    most = max((totals.messages for totals in figures.by_day.values()), default=0)
    return [
        _row(day_text(day), totals, most, links.messages(day), links.verifications(day, state="verified"))
        for day, totals in reversed(figures.by_day.items())
    ]


def _table(kind: str, title: str, column: str, groups: Mapping[str, tuple[str, Totals]]) -> Table:
    most = max((totals.messages for _url, totals in groups.values()), default=0)
    shown: Iterable[tuple[str, tuple[str, Totals]]] = list(groups.items())[:MOST_ROWS]
    rows = [_row(name, totals, most, url) for name, (url, totals) in shown]
    return Table(kind, title, column, rows, max(len(groups) - MOST_ROWS, 0))


def _row(name: str, totals: Totals, most: int, url: str, verified_url: str = "") -> Row:
    return Row(
        name=name,
        bar=width_of(totals.messages, most),
        messages=count_text(totals.messages),
        delivered=count_text(totals.delivered),
        delivery_rate=share_text(totals.delivery_rate),
        started=count_text(totals.started),
        verified=count_text(totals.verified),
        conversion=share_text(totals.conversion),
        median=seconds_text(totals.delivery_time(0.5)),
        p95=seconds_text(totals.delivery_time(0.95)),
        cost=cost_text(totals.cost) if totals.priced else NONE,
        url=url,
        verified_url=verified_url,
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
    text = _("%(number)s points") % {"number": formats.number_format(abs(points), 1)}
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
