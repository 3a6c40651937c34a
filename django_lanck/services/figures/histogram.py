"""Seconds as counts in fixed buckets, so that the percentiles of many days can be told from what each day kept.

The buckets are spaced by the logarithm, four to each doubling, from 0.1 seconds to a day. A percentile is told as the
middle of the bucket that it is in, and so within 9.1 % of the exact one; what is shorter or longer counts as that.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from django.db.models import F, Func, Value
from django.db.models.functions import Floor, Greatest, Least, Ln

from ...models.time import MillisecondsBetween

FIRST: Final = 0.1
RATIO: Final = 2 ** (1 / 4)
BUCKETS: Final = math.ceil(math.log(86_400 / FIRST, RATIO))
# JSON has only texts as keys. A dictionary is quicker than ``int``, and thousands are read for one page.
BUCKET_OF: Final = {str(bucket): bucket for bucket in range(BUCKETS)}
# By so much of itself at most, a percentile differs from the exact one.
ERROR: Final = RATIO**0.5 - 1
# So far above a whole millisecond that no database's rounding moves it over a bound, and no millisecond with it.
ABOVE: Final = 0.001


def bucket_between(start: str, end: str) -> Func:
    """SQL for the bucket of the time between two columns. A time that is below zero is in the first."""
    milliseconds = Greatest(MillisecondsBetween(F(start), F(end)), Value(FIRST * 1000.0))
    doublings = (Ln(milliseconds + ABOVE) - math.log(FIRST * 1000)) / math.log(RATIO)
    return Least(Floor(doublings), Value(BUCKETS - 1.0))


def percentile(histogram: Mapping[Any, int], share: float) -> float | None:
    """The seconds that this share of what was counted took at most, within 9.1 %; None where nothing was."""
    left = math.ceil(sum(histogram.values()) * share)
    for bucket in sorted(histogram):
        left -= histogram[bucket]
        if left <= 0:
            return FIRST * float(RATIO ** (bucket + 0.5))
    return None
