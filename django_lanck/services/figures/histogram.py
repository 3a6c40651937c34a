"""Histograms of seconds in fixed buckets, so that percentiles of a period can be computed from those of its days.

The bounds grow by a factor of 2^(1/4), from 0.1 seconds to a day. A percentile is the middle of its bucket, so it is
within 9.1 % of the exact one. Shorter and longer times are counted in the first and the last bucket.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from django.db.models import F, Func, Value
from django.db.models.functions import Floor, Greatest, Least, Ln

from ...models.time import MillisecondsBetween

FIRST: Final = 0.1
BUCKETS_PER_DOUBLING: Final = 4
RATIO: Final = 2 ** (1 / BUCKETS_PER_DOUBLING)
BUCKETS: Final = math.ceil(math.log(86_400 / FIRST, RATIO))
# JSON has only string keys. A dictionary is faster than ``int``, and one page reads thousands of them.
BUCKET_OF: Final = {str(bucket): bucket for bucket in range(BUCKETS)}
# The largest relative error of a percentile.
ERROR: Final = RATIO**0.5 - 1
# Added to whole milliseconds, so that rounding differences of databases never move one across a bound.
ROUNDING_MARGIN: Final = 0.001


def bucket_between(start: str, end: str) -> Func:
    """Return SQL for the bucket of the time between two columns. A negative time is in the first bucket."""
    milliseconds = Greatest(MillisecondsBetween(F(start), F(end)), Value(FIRST * 1000.0))
    bucket = (Ln(milliseconds + ROUNDING_MARGIN) - math.log(FIRST * 1000)) / math.log(RATIO)
    return Least(Floor(bucket), Value(BUCKETS - 1.0))


def percentile(histogram: Mapping[Any, int], share: float) -> float | None:
    """Return the seconds that this share of the counted times took at most, within 9.1 %; None without any."""
    left = math.ceil(sum(histogram.values()) * share)
    for bucket in sorted(histogram):
        left -= histogram[bucket]
        if left <= 0:
            return middle_of(bucket)
    return None


def middle_of(bucket: int) -> float:
    """Return the middle of a bucket on the logarithmic scale, in seconds."""
    return FIRST * float(RATIO ** (bucket + 0.5))


def cumulative(histogram: Mapping[int, int]) -> list[tuple[float, int]]:
    """Return (seconds, number of times below them) for each doubling of ``FIRST``."""
    ends = range(BUCKETS_PER_DOUBLING, BUCKETS, BUCKETS_PER_DOUBLING)
    return [(FIRST * RATIO**end, sum(count for bucket, count in histogram.items() if bucket < end)) for end in ends]


def total_seconds(histogram: Mapping[int, int]) -> float:
    """Return the sum of the counted times, within 9.1 %."""
    return sum(count * middle_of(bucket) for bucket, count in histogram.items())
