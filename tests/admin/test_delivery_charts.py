"""The positions of bars, lines and ticks of a chart."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_lanck.admin.delivery.charts import HEIGHT, SECONDS, seconds_of_days, stacked_days, width_of

DAYS = [date(2026, 11, 1) + timedelta(days=each) for each in range(90)]
counts = st.lists(st.tuples(*[st.integers(0, 10**7)] * 4), min_size=1, max_size=90)


def stacked(rows, shares=None):
    parts = dict(zip("abcd", zip(*rows, strict=True), strict=True))
    days = DAYS[: len(rows)]
    return stacked_days(days, parts, shares or [None] * len(days), [""] * len(days))


@given(counts)
def test_stacked_bars_touch_and_stay_within_the_chart(rows):
    for column, row in zip(stacked(rows).columns, rows, strict=True):
        below = HEIGHT
        for bar in column.bars:
            assert float(bar.y) + float(bar.height) == pytest.approx(below, abs=0.02)
            below = float(bar.y)
        assert below >= -0.01
        assert len(column.bars) == sum(1 for each in row if each)
        assert 0 <= float(column.x) <= float(column.x) + float(column.width) <= 100


@given(counts)
def test_axis_begins_at_zero_and_ends_at_or_above_the_maximum(rows):
    ticks = stacked(rows).left
    assert ticks[0] == (f"{HEIGHT:.2f}", "0")
    assert 5 <= len(ticks) <= 6
    assert float(ticks[-1].at) == 0
    assert int(ticks[-1].label.replace(",", "")) >= max(map(sum, rows))


@given(st.lists(st.none() | st.floats(0.01, 90_000), min_size=1, max_size=90))
def test_lines_of_seconds_stay_within_the_chart_with_gaps_for_missing_values(values):
    days = DAYS[: len(values)]
    chart = seconds_of_days(days, {"median": values}, [""] * len(days))
    assert all(0 <= float(at) <= HEIGHT for line in chart.lines for at in (line.y1, line.y2))
    assert len(chart.lines) == sum(1 for pair in pairwise(values) if None not in pair)
    assert 2 <= len(chart.left) <= len(SECONDS)


def test_axis_of_seconds_is_logarithmic():
    chart = seconds_of_days(DAYS[:3], {"median": [1.0, 10.0, 100.0]}, [""] * 3)
    up = [float(dot.y) for dot in chart.dots]
    assert up[0] - up[1] == pytest.approx(up[1] - up[2], abs=0.02)


def test_axis_of_shares_ends_at_100_percent():
    chart = stacked([(1, 0, 0, 0)] * 3, shares=[0.0, 0.5, 1.0])
    assert [float(dot.y) for dot in chart.dots] == [HEIGHT, HEIGHT / 2, 0]
    assert [tick.label for tick in chart.right] == ["0%", "25%", "50%", "75%", "100%"]


@pytest.mark.parametrize("days", [2, 7, 30, 90])
def test_at_most_4_days_are_labelled_and_the_last_is_one(days):
    ticks = stacked([(1, 0, 0, 0)] * days).bottom
    assert 2 <= len(ticks) <= 4
    assert float(ticks[-1].at) == pytest.approx(100 - 50 / days, abs=0.01)


def test_bar_width_is_a_percentage_of_the_longest_bar():
    assert (width_of(1, 4), width_of(0, 0)) == ("25.00", "0.00")
