"""Retention: delete rows that are older than ``RETENTION`` allows, in small batches."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, timedelta
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
from ...models.time import seconds_from_now, site_day
from ..batches import BATCH, Counts, delete_batch, oldest_first, retry_transaction
from ..figures.days import close_days, horizon
from ..transactions import in_transaction

MAX_PAUSE: Final = 1.0
# The kinds that a day's figures are counted from, and the figures themselves: deleted figures cannot be counted again.
COUNTED_KINDS: Final = ("verifications", "messages", "figures")


@dataclass(slots=True)
class Pruned(Counts):
    """The number of deleted rows of each kind. Receipts are deleted with their messages, or earlier."""

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
    """The rows of one model that ``RETENTION`` applies to.

    ``name`` is the key of ``RETENTION``, ``old`` returns the rows that are older than a number of days, ``delete``
    deletes a batch of them and returns rows by model.
    """

    name: str
    old: Callable[[float], models.QuerySet[Any]]
    time_field: str
    delete: Callable[[models.QuerySet[Any]], Mapping[str, int]] = delete_batch
    batches: Callable[[models.QuerySet[Any], str], Iterator[list[Any]]] = oldest_first


def prune(*, progress: Callable[[Pruned], None] | None = None) -> Pruned:
    """Delete the rows that are older than ``RETENTION`` allows, by the database's clock.

    Each transaction deletes at most 500 rows of a kind with their dependents and is followed by a pause of the same
    length, so that other requests are served. ``progress`` is called after each batch. A run can be interrupted and
    repeated, and runs may overlap. Must not be called inside a transaction.

    These rows stay at any age: a verification that a claim refers to, that is open, that has messages, or whose proof
    can still be redeemed; a limit that is in force; every opt-out. Days are counted before their rows are deleted, and
    their figures have a retention of their own.
    """
    if in_transaction():
        raise RuntimeError("Pruning inside a transaction would hold the locks of all deleted rows until its end.")
    done, retention = Pruned(), conf.retention
    _close_days(retention)
    for kind in KINDS:
        if (days := retention[kind.name]) is not None:
            _prune_kind(kind, days, done, progress)
    return done


def may_be_pruned(kind: str, day: date) -> bool:
    """Return whether ``prune`` may have deleted rows of that day; ``kind`` is a key of ``RETENTION``."""
    days = conf.retention[kind]
    return days is not None and day <= site_day() - timedelta(days=days)


def _close_days(retention: Mapping[str, float | None]) -> None:
    """Count the days whose rows are about to be deleted, and make their figures final."""
    counted = [days for name in COUNTED_KINDS if (days := retention[name]) is not None]
    if counted:
        close_days(until=horizon(min(counted)))


def _prune_kind(kind: _Kind, days: float, done: Pruned, progress: Callable[[Pruned], None] | None) -> None:
    old = kind.old(days)
    for pks in kind.batches(old, kind.time_field):
        began = time.monotonic()
        done.add(retry_transaction(partial(kind.delete, old.filter(pk__in=pks))))
        if progress:
            progress(done)
        time.sleep(min(time.monotonic() - began, MAX_PAUSE))


def _delete_verifications(rows: models.QuerySet[Any]) -> Mapping[str, int]:
    """Delete the verifications that are closed and have no redeemable proof, claim or message."""
    own = {"verification": OuterRef("pk")}
    is_open = Q(state=Verification.State.PENDING, expires_at__gt=DatabaseNow())
    has_proof = Q(proof_redeemed_at=None, proof_expires_at__gt=DatabaseNow())
    is_unused = ~Exists(VerifiedNumber.objects.filter(**own)) & ~Exists(Message.objects.filter(**own))
    return delete_batch(rows.exclude(is_open | has_proof).filter(is_unused))


def _by_key(old: models.QuerySet[Any], time_field: str) -> Iterator[list[Any]]:
    """Yield the keys of the old rows in batches, in key order, because their time has no index.

    Stops at the first batch that has no old row: later keys are newer.
    """
    keys, last = old.model._default_manager.order_by("pk").values_list("pk", flat=True), 0
    while batch := list(keys.filter(pk__gt=last)[:BATCH]):
        pks = list(old.filter(pk__gt=last, pk__lte=batch[-1]).values_list("pk", flat=True))
        if not pks:
            return
        yield pks
        last = batch[-1]


def _older(model: type[models.Model], time_field: str) -> Callable[[float], models.QuerySet[Any]]:
    def old(days: float) -> models.QuerySet[Any]:
        return model._default_manager.filter(**{f"{time_field}__lt": _ago(days)})

    return old


def _ago(days: float) -> Any:
    return seconds_from_now(-days * 86_400)


def _day_ago(days: float) -> Any:
    return TruncDate(_ago(days), tzinfo=UTC)


def _old_counters(days: float) -> models.QuerySet[Any]:
    return LimitCounter.objects.filter(ends_at__lt=_ago(days), not_before__lt=DatabaseNow())


# Receipts before their messages, and messages before their verifications.
KINDS: Final = (
    _Kind("receipts", _older(Receipt, "received_at"), "received_at", batches=_by_key),
    _Kind("messages", _older(Message, "created_at"), "created_at"),
    _Kind("verifications", _older(Verification, "created_at"), "created_at", _delete_verifications),
    _Kind("inbound", _older(InboundMessage, "received_at"), "received_at"),
    _Kind("insights", _older(NumberInsight, "created_at"), "created_at"),
    _Kind("counters", _old_counters, "ends_at"),
    _Kind("refusals", lambda days: RefusalCount.objects.filter(day__lt=_day_ago(days)), "day"),
    _Kind("figures", lambda days: DeliveryDay.objects.filter(day__lt=_day_ago(days)), "day"),
    _Kind("figures", lambda days: DayCount.objects.filter(day__lt=_day_ago(days)), "day"),
)
