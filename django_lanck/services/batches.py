"""Work on many rows in batches, so that no lock is held for long and memory use does not grow with the table."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeVar

from django.db import OperationalError, connections, models, transaction
from django.db.models import Q
from django.db.models.signals import post_delete, pre_delete

from ..models import InboundMessage, Message, OptOut, Receipt, Verification, VerifiedNumber
from .transactions import in_transaction

T = TypeVar("T")

BATCH: Final = 500
MAX_TRIES: Final = 5
RETRY_DELAY: Final = 0.1
# The field of a result that counts the rows of each model.
COUNT_FIELDS: Final[Mapping[str, str]] = {
    "lanck.Verification": "verifications",
    "lanck.Message": "messages",
    "lanck.Receipt": "receipts",
    "lanck.InboundMessage": "inbound",
    "lanck.NumberInsight": "insights",
    "lanck.OptOut": "lifted_opt_outs",
    "lanck.VerifiedNumber": "verified_numbers",
    "lanck.LimitCounter": "counters",
    "lanck.RefusalCount": "refusals",
    "lanck.DeliveryDay": "figures",
    "lanck.DayCount": "figures",
}


class Counts:
    """The base class of results that count rows by kind."""

    __slots__ = ()

    def add(self, rows: Mapping[str, int]) -> None:
        """Add the number of rows by model, as ``QuerySet.delete`` returns it. Models of other apps are ignored."""
        for model, count in rows.items():
            if model in COUNT_FIELDS:
                name = COUNT_FIELDS[model]
                setattr(self, name, getattr(self, name) + count)


def oldest_first(rows: models.QuerySet[Any], time_field: str) -> Iterator[list[Any]]:
    """Yield the primary keys of the rows in batches, ordered by time. Each row is read once, even if it stays."""
    rows, after_last = rows.order_by(time_field, "pk").values_list(time_field, "pk"), Q()
    while batch := list(rows.filter(after_last)[:BATCH]):
        yield [pk for _at, pk in batch]
        at, pk = batch[-1]
        # The first condition is the one that uses the index.
        after_last = Q(**{f"{time_field}__gte": at}) & (Q(**{f"{time_field}__gt": at}) | Q(pk__gt=pk))


def retry_transaction(work: Callable[[], T]) -> T:
    """Run ``work`` in a transaction and return its result; retry when the database rolls it back.

    MariaDB reports a deadlock when two processes lock the same rows by different indexes, and SQLite may be busy. Does
    not retry inside the caller's transaction, because the caller's changes would be lost.
    """
    for tries_left in range(0 if in_transaction() else MAX_TRIES - 1, -1, -1):
        try:
            with transaction.atomic():
                return work()
        except OperationalError:
            if not tries_left:
                raise
            time.sleep(RETRY_DELAY)
    raise AssertionError


def lock_rows(rows: models.QuerySet[Any]) -> list[Any]:
    """Lock the rows until the transaction ends and return their primary keys.

    SQLite has no row locks; there any write, even one that changes nothing, takes the database's write lock.
    """
    if connections[rows.db].features.has_select_for_update:
        rows = rows.select_for_update()
    else:
        Receipt.objects.filter(pk=0).update(repeats=0)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def delete_batch(rows: models.QuerySet[Any]) -> dict[str, int]:
    """Delete the rows and their dependents in the caller's transaction; return the number of rows by model.

    The rows are locked first, so that a receipt that arrives meanwhile waits and then finds no message. The conditions
    of ``rows`` are evaluated under the lock. No row is loaded, unless another app refers to it or listens for its
    deletion.
    """
    model, pks = rows.model, lock_rows(rows)
    if not pks:
        return {}
    deleted: Counter[str] = Counter(DEPENDENTS[model](pks) if model in DEPENDENTS else {})
    locked: models.QuerySet[Any] = model._default_manager.filter(pk__in=pks)
    if _is_used_by_other_apps(model):
        deleted.update(locked.delete()[1])
    else:
        deleted.update({model._meta.label: locked._raw_delete(locked.db)})
    return deleted


def _is_used_by_other_apps(model: type[models.Model]) -> bool:
    """Return whether another app refers to the model or listens for its deletion."""
    relations = [each for each in model._meta.get_fields(include_hidden=True) if each.auto_created and each.is_relation]
    others = any(each.related_model._meta.app_label != model._meta.app_label for each in relations)  # type: ignore[union-attr]
    return others or pre_delete.has_listeners(model) or post_delete.has_listeners(model)


def _delete_messages_of(verifications: list[Any]) -> dict[str, int]:
    VerifiedNumber.objects.filter(verification__in=verifications).update(verification=None)
    return delete_batch(Message.objects.filter(verification__in=verifications))


def _delete_receipts_of(messages: list[Any]) -> dict[str, int]:
    return delete_batch(Receipt.objects.filter(message__in=messages))


def _unlink_opt_outs_of(inbound: list[Any]) -> dict[str, int]:
    OptOut.objects.filter(inbound__in=inbound).update(inbound=None)
    return {}


# What is deleted or unlinked before the rows of a model, given their keys. The order of locks is that of a resend and
# of a receipt: verification, message, receipt.
DEPENDENTS: Final[Mapping[type[models.Model], Callable[[list[Any]], dict[str, int]]]] = {
    Verification: _delete_messages_of,
    Message: _delete_receipts_of,
    InboundMessage: _unlink_opt_outs_of,
}
