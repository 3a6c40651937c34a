"""Positions of the bars and lines of a chart, as text for SVG attributes.

Horizontal positions are percentages, so that a chart is as wide as its page while its text keeps its size; vertical
ones are pixels. They are text because templates would format numbers with the decimal comma of some languages.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, NamedTuple

from .formats import count_text, day_label, seconds_text, share_text

HEIGHT: Final = 180
MAX_DAY_LABELS: Final = 4
# The ticks of an axis of seconds; those within the range of the values are shown.
SECONDS: Final = (0.1, 1, 10, 60, 600, 3600, 36_000, 86_400)


class Tick(NamedTuple):
    at: str
    label: str


class Bar(NamedTuple):
    y: str
    height: str
    tone: str


class Column(NamedTuple):
    """The bars of one day; ``title`` describes them in words."""

    x: str
    width: str
    title: str
    bars: list[Bar]


class Line(NamedTuple):
    x1: str
    y1: str
    x2: str
    y2: str
    tone: str


class Dot(NamedTuple):
    x: str
    y: str
    tone: str


@dataclass(slots=True)
class Chart:
    """``left`` and ``right`` are the ticks of the vertical axes, ``bottom`` those of the days."""

    columns: list[Column]
    bottom: list[Tick]
    left: list[Tick]
    right: list[Tick] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    dots: list[Dot] = field(default_factory=list)
    height: str = str(HEIGHT)


def stacked_days(
    days: Sequence[date], parts: Mapping[str, Sequence[int]], shares: Sequence[float | None], titles: Sequence[str]
) -> Chart:
    """Return stacked bars of each day's ``parts`` (tone → count of each day) and a line of shares from 0 to 1."""
    top = _round_up(max((sum(each) for each in zip(*parts.values(), strict=True)), default=0))
    step = top // 4 if top % 4 == 0 else top // 5
    chart = Chart(
        columns=list(_columns(days, titles, lambda index: _stack(parts, index, top))),
        bottom=_day_ticks(days),
        left=[Tick(_number(_y_at(value / top)), count_text(value)) for value in range(0, top + 1, step)],
        right=[Tick(_number(_y_at(value / 100)), share_text(value / 100, places=0)) for value in range(0, 101, 25)],
    )
    _draw_line(chart, "share", shares)
    return chart


def seconds_of_days(days: Sequence[date], lines: Mapping[str, Sequence[float | None]], titles: Sequence[str]) -> Chart:
    """Return lines of seconds (tone → those of each day) on a logarithmic axis."""
    known = [value for values in lines.values() for value in values if value is not None]
    low = max((each for each in SECONDS[:-1] if each <= min(known, default=1)), default=SECONDS[0])
    high = min((each for each in SECONDS if each >= max(known, default=10) and each > low), default=SECONDS[-1])

    def fraction(seconds: float) -> float:
        return min(max(math.log(seconds / low) / math.log(high / low), 0), 1)

    chart = Chart(
        columns=list(_columns(days, titles, lambda index: [])),
        bottom=_day_ticks(days),
        left=[Tick(_number(_y_at(fraction(each))), seconds_text(each)) for each in SECONDS if low <= each <= high],
    )
    for tone, values in lines.items():
        _draw_line(chart, tone, [None if value is None else fraction(value) for value in values])
    return chart


def width_of(count: int, most: int) -> str:
    """Return the length of a bar in a table, in per cent of the longest bar."""
    return _number(100 * count / most if most else 0)


def _columns(days: Sequence[date], titles: Sequence[str], bars: Callable[[int], list[Bar]]) -> Iterator[Column]:
    slot = 100 / len(days)
    for index, title in enumerate(titles):
        yield Column(_number(slot * (index + 0.1)), _number(slot * 0.8), title, bars(index))


def _stack(parts: Mapping[str, Sequence[int]], index: int, top: int) -> list[Bar]:
    bars, below = [], 0
    for tone, counts in parts.items():
        if counts[index]:
            height = HEIGHT * counts[index] / top
            below += counts[index]
            bars.append(Bar(_number(_y_at(below / top)), _number(height), tone))
    return bars


def _draw_line(chart: Chart, tone: str, fractions: Sequence[float | None]) -> None:
    """Add a line from day to day, with a gap at each None, and dots for up to 31 days."""
    slot, before = 100 / len(fractions), None
    for index, fraction in enumerate(fractions):
        here = None if fraction is None else (_number(slot * (index + 0.5)), _number(_y_at(fraction)))
        if here and before:
            chart.lines.append(Line(*before, *here, tone))
        if here and len(fractions) <= 31:
            chart.dots.append(Dot(*here, tone))
        before = here


def _day_ticks(days: Sequence[date]) -> list[Tick]:
    """Return few enough ticks for a phone's width, the last day included."""
    every = max(1, math.ceil(len(days) / MAX_DAY_LABELS))
    labelled = [index for index in range(len(days)) if (len(days) - 1 - index) % every == 0]
    return [Tick(_number(100 / len(days) * (index + 0.5)), day_label(days[index])) for index in labelled]


def _round_up(count: int) -> int:
    """Return the next number that divides into equal ticks: 4, 5, 8, 10, 40, 50, 80, 100 …"""
    power = 1
    while True:
        for factor in (4, 5, 8, 10):
            if factor * power >= count:
                return factor * power
        power *= 10


def _y_at(fraction: float) -> float:
    return HEIGHT * (1 - fraction)


def _number(value: float) -> str:
    return f"{value:.2f}"
