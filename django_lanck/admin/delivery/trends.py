"""The dashboard's charts by day, with their titles and legends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from ...services import Figures, Totals
from .charts import Chart, seconds_of_days, stacked_days
from .formats import count_text, day_text, seconds_text, share_text


class Trend(NamedTuple):
    """A chart with its texts. ``legend`` has a tone and its label, in the order of the bars from below."""

    name: str
    title: str
    description: str
    legend: list[tuple[str, str]]
    chart: Chart


def trends(figures: Figures) -> list[Trend]:
    """Return the charts of a period; a single day has none."""
    if len(figures.by_day) < 2:
        return []
    days, totals = list(figures.by_day), list(figures.by_day.values())
    charts = []
    if figures.total.started:
        charts.append(_verifications(days, totals))
    if figures.total.messages:
        charts.append(_messages(days, totals))
    if figures.total.delivery_seconds:
        charts.append(_times(days, totals))
    return charts


def _verifications(days: Sequence[Any], totals: Sequence[Totals]) -> Trend:
    parts = {
        "verified": [each.verified for each in totals],
        "delivered": [each.reached_phone - each.verified for each in totals],
        "accepted": [each.reached_lanck - each.reached_phone for each in totals],
        "lost": [each.started - each.reached_lanck for each in totals],
    }
    title = _("%(day)s: %(started)s started, %(verified)s verified, conversion %(share)s")
    titles = [
        title
        % {
            "day": day_text(day),
            "started": count_text(each.started),
            "verified": count_text(each.verified),
            "share": share_text(each.conversion),
        }
        for day, each in zip(days, totals, strict=True)
    ]
    return Trend(
        "verifications",
        _("Verifications by day"),
        _("Bars: started verifications by the last step they reached. Line: conversion, on the scale to the right."),
        [
            ("verified", _("verified")),
            ("delivered", _("delivered, not verified")),
            ("accepted", _("accepted, not delivered")),
            ("lost", _("not accepted")),
            ("share", _("conversion")),
        ],
        stacked_days(days, parts, [each.conversion for each in totals], titles),
    )


def _messages(days: Sequence[Any], totals: Sequence[Totals]) -> Trend:
    parts = {
        "verified": [each.delivered for each in totals],
        "delivered": [each.unsettled for each in totals],
        "accepted": [each.undelivered for each in totals],
        "lost": [each.messages - each.accepted for each in totals],
    }
    title = _("%(day)s: %(messages)s messages, %(delivered)s delivered, delivery rate %(share)s")
    titles = [
        title
        % {
            "day": day_text(day),
            "messages": count_text(each.messages),
            "delivered": count_text(each.delivered),
            "share": share_text(each.delivery_rate),
        }
        for day, each in zip(days, totals, strict=True)
    ]
    return Trend(
        "messages",
        _("Messages by day"),
        _("Bars: messages by outcome. Line: delivery rate, on the scale to the right."),
        [
            ("verified", _("delivered")),
            ("delivered", _("unsettled")),
            ("accepted", _("not delivered")),
            ("lost", _("not accepted")),
            ("share", _("delivery rate")),
        ],
        stacked_days(days, parts, [each.delivery_rate for each in totals], titles),
    )


def _times(days: Sequence[Any], totals: Sequence[Totals]) -> Trend:
    lines = {
        "p95": [each.delivery_time(0.95) for each in totals],
        "median": [each.delivery_time(0.5) for each in totals],
    }
    title = _("%(day)s: half within %(median)s, 95%% within %(p95)s")
    titles = [
        title % {"day": day_text(day), "median": seconds_text(median), "p95": seconds_text(p95)}
        for day, p95, median in zip(days, lines["p95"], lines["median"], strict=True)
    ]
    return Trend(
        "times",
        _("Time to delivery by day"),
        _("The time within which half and 95 percent of the messages were delivered, on a logarithmic scale."),
        [("median", _("half of them")), ("p95", _("95 percent of them"))],
        seconds_of_days(days, lines, titles),
    )
