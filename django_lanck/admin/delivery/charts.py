"""Where the bars and lines of a chart are. Across, all is a percentage, so that a chart is as wide as its page and its
words stay as large as they are; down, all is pixels. Everything is text, so that no language puts a comma in it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, NamedTuple

from .formats import count_text, day_label, seconds_text, share_text

HEIGHT: Final = 180
LABELS: Final = 4
# What an axis of seconds may show, each a tick where it is within what happened.
SECONDS: Final = (0.1, 1, 10, 60, 600, 3600, 36_000, 86_400)


class Tick(NamedTuple):
    at: str
    label: str


class Bar(NamedTuple):
    y: str
    height: str
    tone: str


class Column(NamedTuple):
    """The bars of one day, and ``title``, which says in words what is there."""

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
    """``left`` and ``right`` are the ticks of the axes upwards, ``bottom`` those of the days."""

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
    """Bars of each day's ``parts`` (tone → count of each day), one on the other, and a line of shares from 0 to 1."""
    top = _round_up(max((sum(each) for each in zip(*parts.values(), strict=True)), default=0))
    step = top // 4 if top % 4 == 0 else top // 5
    chart = Chart(
        columns=list(_columns(days, titles, lambda index: _stack(parts, index, top))),
        bottom=_day_ticks(days),
        left=[Tick(_number(_up(value / top)), count_text(value)) for value in range(0, top + 1, step)],
        right=[Tick(_number(_up(value / 100)), share_text(value / 100, places=0)) for value in range(0, 101, 25)],
    )
    _draw(chart, "share", shares)
    return chart


def seconds_of_days(days: Sequence[date], lines: Mapping[str, Sequence[float | None]], titles: Sequence[str]) -> Chart:
    """Lines of seconds (tone → those of each day), where ten times as long is as far up everywhere."""
    known = [value for values in lines.values() for value in values if value is not None]
    low = max((each for each in SECONDS[:-1] if each <= min(known, default=1)), default=SECONDS[0])
    high = min((each for each in SECONDS if each >= max(known, default=10) and each > low), default=SECONDS[-1])

    def part(seconds: float) -> float:
        return min(max(math.log(seconds / low) / math.log(high / low), 0), 1)

    chart = Chart(
        columns=list(_columns(days, titles, lambda index: [])),
        bottom=_day_ticks(days),
        left=[Tick(_number(_up(part(each))), seconds_text(each)) for each in SECONDS if low <= each <= high],
    )
    for tone, values in lines.items():
        _draw(chart, tone, [None if value is None else part(value) for value in values])
    return chart


def width_of(count: int, most: int) -> str:
    """How long a bar of a table is, in per cent of the longest."""
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
            bars.append(Bar(_number(_up(below / top)), _number(height), tone))
    return bars


def _draw(chart: Chart, tone: str, parts: Sequence[float | None]) -> None:
    """A line from day to day, with a gap where there is nothing to tell, and dots where they have room."""
    slot, before = 100 / len(parts), None
    for index, part in enumerate(parts):
        here = None if part is None else (_number(slot * (index + 0.5)), _number(_up(part)))
        if here and before:
            chart.lines.append(Line(*before, *here, tone))
        if here and len(parts) <= 31:
            chart.dots.append(Dot(*here, tone))
        before = here


def _day_ticks(days: Sequence[date]) -> list[Tick]:
    """So few that they have room on a phone; the last day is one of them."""
    every = max(1, math.ceil(len(days) / LABELS))
    chosen = [index for index in range(len(days)) if (len(days) - 1 - index) % every == 0]
    return [Tick(_number(100 / len(days) * (index + 0.5)), day_label(days[index])) for index in chosen]


def _round_up(most: int) -> int:
    """The next number that an axis can be parted by: 4, 5, 8, 10, 20, 40, 50, 80, 100 …"""
    power = 1
    while True:
        for factor in (4, 5, 8, 10):
            if factor * power >= most:
                return factor * power
        power *= 10


def _up(part: float) -> float:
    return HEIGHT * (1 - part)


def _number(value: float) -> str:
    return f"{value:.2f}"
