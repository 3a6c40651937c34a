"""Aggregation of messages and verifications by the database: the same for a past day and for today."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db.models import (
    Case,
    CharField,
    Count,
    DateTimeField,
    Exists,
    F,
    IntegerField,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce, Floor
from django.utils import timezone

from ...models import Message, NumberInsight, Status, Verification
from ...models.status import RANKS
from ...models.time import MillisecondsBetween, start_of_day
from .histogram import bucket_between
from .totals import Dimensions, Totals

ACCEPTED: Final = RANKS[Status.ACCEPTED]
DELIVERED: Final = RANKS[Status.DELIVERED]
UNDELIVERED: Final = frozenset([RANKS[Status.REJECTED], RANKS[Status.UNDELIVERED]])
UNKNOWN: Final = RANKS[Status.UNKNOWN]
# A refused message has the rank of an unknown one; the statement returns this number instead.
REFUSED: Final = -1
IS_REFUSED: Final = Q(status_rank=RANKS[Status.REFUSED], status=Status.REFUSED)
# The last step that a verification reached.
REACHED_LANCK, REACHED_PHONE, VERIFIED = 1, 2, 3
MILLISECONDS_PER_HOUR: Final = 3_600_000
PRICE_STEP: Final = Decimal("0.000001")


@dataclass(slots=True)
class DayTotals:
    """One day's totals by dimensions, and the names of networks by code."""

    totals: dict[Dimensions, Totals] = field(default_factory=dict)
    networks: dict[str, str] = field(default_factory=dict)

    def at(self, dimensions: Dimensions) -> Totals:
        return self.totals.setdefault(dimensions, Totals())


def aggregate_days(days: Sequence[date]) -> dict[date, DayTotals]:
    """Return the totals of consecutive days, without test numbers. Takes two statements."""
    results = {day: DayTotals() for day in days}
    for index, *values, rank, bucket, count, priced, cost, network in _message_groups(days):
        result, dimensions = results[days[index]], Dimensions(*values)
        totals = result.at(dimensions)
        totals.messages += count
        totals.refused += count * (rank == REFUSED)
        totals.unknown += count * (rank == UNKNOWN)
        totals.accepted += count * (rank >= ACCEPTED)
        totals.delivered += count * (rank == DELIVERED)
        totals.undelivered += count * (rank in UNDELIVERED)
        totals.priced += priced
        totals.cost += Decimal(cost or 0).quantize(PRICE_STEP)
        if bucket is not None:
            totals.delivery_seconds[int(bucket)] = totals.delivery_seconds.get(int(bucket), 0) + count
        if network and dimensions.mccmnc:
            result.networks[dimensions.mccmnc] = network
    for index, *values, step, bucket, count in _verification_groups(days):
        totals = results[days[index]].at(Dimensions(*values))
        totals.started += count
        totals.reached_lanck += count * (step >= REACHED_LANCK)
        totals.reached_phone += count * (step >= REACHED_PHONE)
        totals.verified += count * (step >= VERIFIED)
        if bucket is not None:
            totals.proof_seconds[int(bucket)] = totals.proof_seconds.get(int(bucket), 0) + count
    return results


def _message_groups(days: Sequence[date]) -> Iterable[tuple[Any, ...]]:
    """Return messages grouped by day, dimensions, rank of the status (or ``REFUSED``) and bucket of the delivery time.

    Each row also has the number of messages, the number and sum of their prices, and a network name.
    """
    is_delivered = Q(status_rank=DELIVERED, status_at__isnull=False)
    # A subquery per message, because a join may read the whole table of verifications.
    purpose = Verification.objects.filter(pk=OuterRef("verification_id")).order_by().values("purpose")
    return (
        Message.objects.filter(on_days(days, "created_at"), is_test=False)
        .order_by()
        .values_list(
            _day_index(days, "created_at"),
            Coalesce(Subquery(purpose), Value("")),
            *Dimensions._fields[1:],
            Case(When(IS_REFUSED, then=REFUSED), default="status_rank", output_field=IntegerField()),
            Case(When(is_delivered, then=bucket_between("created_at", "status_at"))),
        )
        .annotate(Count("pk"), Count("price"), Sum("price"), Max("network"))
    )


def _verification_groups(days: Sequence[date]) -> Iterable[tuple[Any, ...]]:
    """Return verifications grouped by day, dimensions of the newest message, last step and bucket of the time to it.

    A verified code counts as delivered, whatever the receipts say.
    """
    # No message is older than its verification, so messages before the first day need not be read.
    sent = Message.objects.filter(created_at__gte=start_of_day(days[0])).order_by()
    own = sent.filter(verification=OuterRef("verification"))
    newer, older = own.filter(pk__gt=OuterRef("pk")), own.filter(pk__lt=OuterRef("pk"))
    verified = Q(verification__state=Verification.State.VERIFIED)

    def reached(rank: int) -> Combinable | Q:
        """Return the condition that one of the messages has this rank; the row itself is the newest one."""
        return Q(status_rank__gte=rank) | Exists(older.filter(status_rank__gte=rank))

    steps = (verified, VERIFIED), (reached(DELIVERED), REACHED_PHONE), (reached(ACCEPTED), REACHED_LANCK)
    return (
        sent.filter(on_days(days, "verification__created_at"), ~Exists(newer), verification__is_test=False)
        .values_list(
            _day_index(days, "verification__created_at"),
            "verification__purpose",
            *Dimensions._fields[1:],
            Case(*(When(has, then=step) for has, step in steps), default=0, output_field=IntegerField()),
            Case(When(verified, then=bucket_between("verification__created_at", "verification__ended_at"))),
        )
        .annotate(Count("pk"))
    )


def errors_on(day: date, **filters: str) -> QuerySet[Any, Any]:
    """Return the messages that LANCK refused on a day, with ``word`` (the error code) and ``hours`` since midnight."""
    hours = MillisecondsBetween(Value(start_of_day(day), DateTimeField()), F("created_at")) / MILLISECONDS_PER_HOUR
    refused = Message.objects.filter(on_days([day], "created_at"), IS_REFUSED, is_test=False, **filters).order_by()
    return refused.exclude(error_code=None).annotate(
        word=Cast("error_code", CharField()), hours=Cast(Floor(hours), IntegerField())
    )


def fraud_checks_on(day: date, **filters: str) -> QuerySet[Any, Any]:
    """Return the fraud checks of a day."""
    kind = NumberInsight.Kind.FRAUD
    return NumberInsight.objects.filter(on_days([day], "created_at"), kind=kind, **filters).order_by()


def hour_on_clock(day: date, hours: int) -> int:
    """Return the hour (0 to 23) in the site's time zone when so many hours of the day have passed."""
    return timezone.localtime(start_of_day(day) + timedelta(hours=hours), timezone.get_default_timezone()).hour


def on_days(days: Sequence[date], time_field: str) -> Q:
    """Return the condition that a time is on one of the consecutive days."""
    begin, end = start_of_day(days[0]), start_of_day(days[-1] + timedelta(days=1))
    return Q(**{f"{time_field}__gte": begin, f"{time_field}__lt": end})


def _day_index(days: Sequence[date], time_field: str) -> Case:
    """Return SQL for the index of the day that a time is on."""
    before = [When(**{f"{time_field}__lt": start_of_day(day)}, then=index) for index, day in enumerate(days[1:])]
    return Case(*before, default=len(days) - 1, output_field=IntegerField())
