"""What is older than the site's policy (``RETENTION``) is erased, a few rows at a time while others go on working."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from functools import partial
from typing import Any, Final

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import TruncDate

from ...conf import conf
from ...models import (
    DatabaseNow,
    DayCount,
    DeliveryDay,
    InboundMessage,
    LimitCounter,
    Message,
    NumberInsight,
    Receipt,
    RefusalCount,
    Verification,
    VerifiedNumber,
)
from ...models.time import seconds_from_now
from ..batches import BATCH, Counts, carry_out, erase, oldest_first
from ..figures.days import close_days, horizon
from ..transactions import in_transaction

LONGEST_PAUSE: Final = 1.0
# What the figures of a day are counted from, and the figures themselves: once gone, they cannot be counted again.
OF_FIGURES: Final = ("verifications", "messages", "figures")


@dataclass(slots=True)
class Pruned(Counts):
    """How many rows of each kind were erased. Receipts go with their messages, or before them."""

    verifications: int = 0
    messages: int = 0
    receipts: int = 0
    inbound: int = 0
    insights: int = 0
    counters: int = 0
    refusals: int = 0
    figures: int = 0


@dataclass(frozen=True, slots=True)
class _Kind:
    """Which rows are so many days old, their time, and how a few of them are erased: the rows by model.

    ``name`` is the key of ``RETENTION`` that says how many.
    """

    name: str
    old: Callable[[float], models.QuerySet[Any]]
    age: str
    erase: Callable[[models.QuerySet[Any]], Mapping[str, int]]
    in_batches: Callable[[models.QuerySet[Any], str], Iterator[list[Any]]] = oldest_first


def prune(*, progress: Callable[[Pruned], None] | None = None) -> Pruned:
    """Erase what is older than ``RETENTION`` says, by the database's clock.

    At most 500 rows of a kind (and what belongs to them) in a transaction, then a pause as long as that took, so that
    others are answered meanwhile. Can be interrupted at any time and run again, also twice at once. Tells
    ``progress`` after each batch. What still protects something stays, however old: a verification that an owner's
    claim on a number rests on, that is open, or whose proof can be redeemed, a limit that is in force, and every
    opt-out. A verification goes after its last message. Days are counted before their rows go, and their figures stay
    for their own time. Must not be called inside a transaction.
    """
    if in_transaction():
        raise RuntimeError("Pruning inside a transaction would lock all that it erases until the end.")
    done, retention = Pruned(), conf.retention
    counted = [days for name in OF_FIGURES if (days := retention[name]) is not None]
    if counted:
        close_days(until=horizon(min(counted)))
    for kind in KINDS:
        if (days := retention[kind.name]) is None:
            continue
        old = kind.old(days)
        for pks in kind.in_batches(old, kind.age):
            began = time.monotonic()
            done.add(carry_out(partial(kind.erase, old.filter(pk__in=pks))))
            if progress:
                progress(done)
            time.sleep(min(time.monotonic() - began, LONGEST_PAUSE))
    return done


def _erase_verifications(rows: models.QuerySet[Any]) -> Mapping[str, int]:
    """Those that are over, prove nothing any more, and have no message left."""
    own = {"verification": OuterRef("pk")}
    is_open = Q(state=Verification.State.PENDING, expires_at__gt=DatabaseNow())
    has_proof = Q(proof_redeemed_at=None, proof_expires_at__gt=DatabaseNow())
    free = ~Exists(VerifiedNumber.objects.filter(**own)) & ~Exists(Message.objects.filter(**own))
    return erase(rows.exclude(is_open | has_proof).filter(free))


def _as_they_came(old: models.QuerySet[Any], age: str) -> Iterator[list[Any]]:
    """The old ones in the order of their keys, as there is no index on their time; the first batch of none ends it."""
    rows, last = old.model._default_manager.order_by("pk").values_list("pk", flat=True), 0
    while batch := list(rows.filter(pk__gt=last)[:BATCH]):
        pks = list(old.filter(pk__gt=last, pk__lte=batch[-1]).values_list("pk", flat=True))
        if not pks:
            return
        yield pks
        last = batch[-1]


def _ago(days: float) -> Any:
    return seconds_from_now(-days * 86_400)


def _day(days: float) -> Any:
    return TruncDate(_ago(days), tzinfo=UTC)


# Receipts before their messages, and those before their verifications.
KINDS: Final = (
    _Kind(
        "receipts", lambda days: Receipt.objects.filter(received_at__lt=_ago(days)), "received_at", erase, _as_they_came
    ),
    _Kind("messages", lambda days: Message.objects.filter(created_at__lt=_ago(days)), "created_at", erase),
    _Kind(
        "verifications",
        lambda days: Verification.objects.filter(created_at__lt=_ago(days)),
        "created_at",
        _erase_verifications,
    ),
    _Kind("inbound", lambda days: InboundMessage.objects.filter(received_at__lt=_ago(days)), "received_at", erase),
    _Kind("insights", lambda days: NumberInsight.objects.filter(created_at__lt=_ago(days)), "created_at", erase),
    _Kind(
        "counters",
        lambda days: LimitCounter.objects.filter(ends_at__lt=_ago(days), not_before__lt=DatabaseNow()),
        "ends_at",
        erase,
    ),
    _Kind("refusals", lambda days: RefusalCount.objects.filter(day__lt=_day(days)), "day", erase),
    _Kind("figures", lambda days: DeliveryDay.objects.filter(day__lt=_day(days)), "day", erase),
    _Kind("figures", lambda days: DayCount.objects.filter(day__lt=_day(days)), "day", erase),
)
