"""The stored figures, for comparison with :mod:`~tests.services.figures.reference`."""

from collections import Counter
from datetime import timedelta

from django_lanck.models import CountedDay, DeliveryDay
from django_lanck.models.time import site_day
from django_lanck.services.figures.totals import COUNTS

OLD = 10  # the age in days of what the fixture ``old_verification`` creates
DAY = timedelta(days=1)


def days_ago(days=OLD):
    return site_day() - days * DAY


def stored():
    """Return all stored figures in the form of :func:`reference.expected`."""
    sums = {}
    for row in DeliveryDay.objects.all():
        counts = Counter({name: getattr(row, name) for name in COUNTS if getattr(row, name)})
        counts.update({f"delivery {bucket}": count for bucket, count in row.delivery_seconds.items()})
        counts.update({f"proof {bucket}": count for bucket, count in row.proof_seconds.items()})
        sums[row.day, row.purpose, row.channel, row.country, row.mccmnc] = counts
    return sums


def stored_on(day):
    """Return the sum of the stored figures of one day."""
    return sum((counts for (when, *_), counts in stored().items() if when == day), Counter())


def is_dirty(day):
    return CountedDay.objects.filter(day=day, is_dirty=True, counted_at__isnull=False).exists()
