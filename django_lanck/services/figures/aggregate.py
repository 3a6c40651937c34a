"""What messages and verifications came to: counted by the database, the same for a day that is kept and for today."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple

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
from .histogram import bucket_between, percentile

ACCEPTED: Final = RANKS[Status.ACCEPTED]
DELIVERED: Final = RANKS[Status.DELIVERED]
UNDELIVERED: Final = frozenset([RANKS[Status.REJECTED], RANKS[Status.UNDELIVERED]])
UNKNOWN: Final = RANKS[Status.UNKNOWN]
# It has the rank of an unknown one, and another number here.
REFUSED: Final = -1
IS_REFUSED: Final = Q(status_rank=RANKS[Status.REFUSED], status=Status.REFUSED)
# The steps of a verification.
ON_ITS_WAY, ARRIVED, VERIFIED = 1, 2, 3
HOUR: Final = 3_600_000
PRICE: Final = Decimal("0.000001")


class Key(NamedTuple):
    """What figures are kept apart by. A message of no verification has no purpose; what is not known is empty."""

    purpose: str
    channel: str
    country: str
    mccmnc: str


@dataclass(slots=True)
class Totals:
    """What messages and verifications came to; the columns of :class:`~django_lanck.models.DeliveryDay`, summed.

    Of the verifications that were ``started``, so many ``reached_lanck``, ``reached_phone`` and were ``verified``. Of
    the ``messages``, LANCK took those that are ``accepted``; of these ``delivered`` and ``undelivered`` are final.
    ``cost`` is what LANCK told for the ``priced`` ones.
    """

    started: int = 0
    reached_lanck: int = 0
    reached_phone: int = 0
    verified: int = 0
    messages: int = 0
    refused: int = 0
    unknown: int = 0
    accepted: int = 0
    delivered: int = 0
    undelivered: int = 0
    priced: int = 0
    cost: Decimal = Decimal(0)
    proof_seconds: dict[int, int] = field(default_factory=dict)
    delivery_seconds: dict[int, int] = field(default_factory=dict)

    @property
    def conversion(self) -> float | None:
        """The share of the started verifications that were verified; None where none was started."""
        return self.verified / self.started if self.started else None

    @property
    def delivery_rate(self) -> float | None:
        """The share of the messages that LANCK took which were delivered; None where it took none."""
        return self.delivered / self.accepted if self.accepted else None

    @property
    def unsettled(self) -> int:
        """Messages that LANCK took and that have no final status."""
        return self.accepted - self.delivered - self.undelivered

    def delivery_time(self, share: float) -> float | None:
        """Seconds until so many (0.5: half) of the delivered messages were; within 9.1 %, None where none was."""
        return percentile(self.delivery_seconds, share)

    def proof_time(self, share: float) -> float | None:
        """Seconds until so many (0.95: 95 of 100) of the verified were; within 9.1 %, None where none was."""
        return percentile(self.proof_seconds, share)

    def add(self, other: Totals) -> None:
        # Written out: thousands of rows are added for one page.
        self.started += other.started
        self.reached_lanck += other.reached_lanck
        self.reached_phone += other.reached_phone
        self.verified += other.verified
        self.messages += other.messages
        self.refused += other.refused
        self.unknown += other.unknown
        self.accepted += other.accepted
        self.delivered += other.delivered
        self.undelivered += other.undelivered
        self.priced += other.priced
        self.cost += other.cost
        for bucket, count in other.proof_seconds.items():
            self.proof_seconds[bucket] = self.proof_seconds.get(bucket, 0) + count
        for bucket, count in other.delivery_seconds.items():
            self.delivery_seconds[bucket] = self.delivery_seconds.get(bucket, 0) + count


HISTOGRAMS: Final = ("proof_seconds", "delivery_seconds")
COUNTS: Final = tuple(name for name in Totals.__dataclass_fields__ if name not in HISTOGRAMS)


@dataclass(slots=True)
class Tally:
    """One day's totals, and the names of networks by code."""

    totals: dict[Key, Totals] = field(default_factory=dict)
    networks: dict[str, str] = field(default_factory=dict)

    def at(self, key: Key) -> Totals:
        return self.totals.setdefault(key, Totals())


def tally_days(days: Sequence[date]) -> dict[date, Tally]:
    """Count the rows of days that follow each other, without those of test numbers. Two statements."""
    tallies = {day: Tally() for day in days}
    for number, *key, rank, bucket, count, priced, cost, network in _message_groups(days):
        tally = tallies[days[number]]
        totals = tally.at(Key(*key))
        totals.messages += count
        totals.refused += count * (rank == REFUSED)
        totals.unknown += count * (rank == UNKNOWN)
        totals.accepted += count * (rank >= ACCEPTED)
        totals.delivered += count * (rank == DELIVERED)
        totals.undelivered += count * (rank in UNDELIVERED)
        totals.priced += priced
        totals.cost += Decimal(cost or 0).quantize(PRICE)
        if bucket is not None:
            totals.delivery_seconds[int(bucket)] = totals.delivery_seconds.get(int(bucket), 0) + count
        if network and key[3]:
            tally.networks[key[3]] = network
    for number, *key, step, bucket, count in _verification_groups(days):
        totals = tallies[days[number]].at(Key(*key))
        totals.started += count
        totals.reached_lanck += count * (step >= ON_ITS_WAY)
        totals.reached_phone += count * (step >= ARRIVED)
        totals.verified += count * (step >= VERIFIED)
        if bucket is not None:
            totals.proof_seconds[int(bucket)] = totals.proof_seconds.get(int(bucket), 0) + count
    return tallies


def _message_groups(days: Sequence[date]) -> Iterable[tuple[Any, ...]]:
    """Messages by what they are, by the rank of their status (or ``REFUSED``) and by how long their delivery took."""
    is_delivered = Q(status_rank=DELIVERED, status_at__isnull=False)
    # Looked up for each, where a join might read the whole other table.
    purpose = Verification.objects.filter(pk=OuterRef("verification_id")).order_by().values("purpose")
    return (
        Message.objects.filter(within(days, "created_at"), is_test=False)
        .order_by()
        .values_list(
            _number_of_day(days, "created_at"),
            Coalesce(Subquery(purpose), Value("")),
            *Key._fields[1:],
            Case(When(IS_REFUSED, then=REFUSED), default="status_rank", output_field=IntegerField()),
            Case(When(is_delivered, then=bucket_between("created_at", "status_at"))),
        )
        .annotate(Count("pk"), Count("price"), Sum("price"), Max("network"))
    )


def _verification_groups(days: Sequence[date]) -> Iterable[tuple[Any, ...]]:
    """Verifications by what their newest message is, by the last step that they reached and by how long that took.

    A verified code has arrived, whatever the network said.
    """
    # None is older than its verification: what is before the first day need not be read.
    sent = Message.objects.filter(created_at__gte=start_of_day(days[0])).order_by()
    own = sent.filter(verification=OuterRef("verification"))
    later, earlier = own.filter(pk__gt=OuterRef("pk")), own.filter(pk__lt=OuterRef("pk"))
    verified = Q(verification__state=Verification.State.VERIFIED)

    def reached(rank: int) -> Combinable | Q:
        """Whether any of its messages came so far; the newest one is at hand."""
        return Q(status_rank__gte=rank) | Exists(earlier.filter(status_rank__gte=rank))

    steps = (verified, VERIFIED), (reached(DELIVERED), ARRIVED), (reached(ACCEPTED), ON_ITS_WAY)
    return (
        sent.filter(within(days, "verification__created_at"), ~Exists(later), verification__is_test=False)
        .values_list(
            _number_of_day(days, "verification__created_at"),
            "verification__purpose",
            *Key._fields[1:],
            Case(*(When(has, then=step) for has, step in steps), default=0, output_field=IntegerField()),
            Case(When(verified, then=bucket_between("verification__created_at", "verification__ended_at"))),
        )
        .annotate(Count("pk"))
    )


def errors_of(day: date, **chosen: str) -> QuerySet[Any, Any]:
    """LANCK's errors on a day, to be grouped by ``word`` (its code) and ``hours`` since the day began."""
    hours = MillisecondsBetween(Value(start_of_day(day), DateTimeField()), F("created_at")) / HOUR
    refused = Message.objects.filter(within([day], "created_at"), IS_REFUSED, is_test=False, **chosen).order_by()
    return refused.exclude(error_code=None).annotate(
        word=Cast("error_code", CharField()), hours=Cast(Floor(hours), IntegerField())
    )


def checks_of(day: date, **chosen: str) -> QuerySet[Any, Any]:
    """Fraud checks on a day, to be grouped by ``status``."""
    kind = NumberInsight.Kind.FRAUD
    return NumberInsight.objects.filter(within([day], "created_at"), kind=kind, **chosen).order_by()


def hour_of_day(day: date, hours: int) -> int:
    """The hour that clocks show where the site is, so many hours after a day began."""
    return timezone.localtime(start_of_day(day) + timedelta(hours=hours), timezone.get_default_timezone()).hour


def within(days: Sequence[date], name: str) -> Q:
    """Rows whose time ``name`` is on one of the days."""
    return Q(**{f"{name}__gte": start_of_day(days[0]), f"{name}__lt": start_of_day(days[-1] + timedelta(days=1))})


def _number_of_day(days: Sequence[date], name: str) -> Case:
    """Which of the days, from 0, the time ``name`` is on."""
    later = [When(**{f"{name}__lt": start_of_day(day)}, then=number) for number, day in enumerate(days[1:])]
    return Case(*later, default=len(days) - 1, output_field=IntegerField())
