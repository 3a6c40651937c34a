"""Many rows, a few at a time: no lock is held for long, and memory does not grow with the table."""

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
TRIES: Final = 5
PAUSE: Final = 0.1
COUNTED_AS: Final[Mapping[str, str]] = {
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
    """Rows by kind."""

    __slots__ = ()

    def add(self, rows: Mapping[str, int]) -> None:
        """Add rows by model, as ``delete`` counts them. What went with ours of the site's own is not ours to count."""
        for model, count in rows.items():
            if model in COUNTED_AS:
                name = COUNTED_AS[model]
                setattr(self, name, getattr(self, name) + count)


def oldest_first(rows: models.QuerySet[Any], age: str) -> Iterator[list[Any]]:
    """The primary keys of the rows by their time ``age``, a batch at a time. None is read twice, also if it stays."""
    rows, beyond = rows.order_by(age, "pk").values_list(age, "pk"), Q()
    while batch := list(rows.filter(beyond)[:BATCH]):
        yield [pk for _at, pk in batch]
        at, pk = batch[-1]
        # The first condition is the one that an index is searched by.
        beyond = Q(**{f"{age}__gte": at}) & (Q(**{f"{age}__gt": at}) | Q(pk__gt=pk))


def carry_out(work: Callable[[], T]) -> T:
    """Do one batch in one transaction. Where the database undoes it for somebody else's sake, try again.

    Two that erase the same rows by different indexes may wait for one another on MariaDB, and SQLite may be busy. Not
    in the caller's transaction, of which more would be undone.
    """
    for tries_left in range(0 if in_transaction() else TRIES - 1, -1, -1):
        try:
            with transaction.atomic():
                return work()
        except OperationalError:
            if not tries_left:
                raise
            time.sleep(PAUSE)
    raise AssertionError


def locked(rows: models.QuerySet[Any]) -> list[Any]:
    """The primary keys of the rows, which nobody else can change until the transaction ends.

    SQLite has no row locks; there any write, also one that changes nothing, takes the database's write lock.
    """
    if connections[rows.db].features.has_select_for_update:
        rows = rows.select_for_update()
    else:
        Receipt.objects.filter(pk=0).update(repeats=0)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def erase(rows: models.QuerySet[Any]) -> dict[str, int]:
    """Erase a few rows with what hangs on them, in the caller's transaction; the rows by model.

    They are locked first, so that a receipt that comes just now waits, and then finds no message; and which ones they
    are is asked again under the lock. Nothing is loaded, unless something of the site's own hangs on them.
    """
    model, pks = rows.model, locked(rows)
    if not pks:
        return {}
    gone: Counter[str] = Counter(WHAT_HANGS_ON[model](pks) if model in WHAT_HANGS_ON else {})
    last: models.QuerySet[Any] = model._default_manager.filter(pk__in=pks)
    gone.update(last.delete()[1] if _is_used_by_site(model) else {model._meta.label: last._raw_delete(last.db)})
    return gone


def _is_used_by_site(model: type[models.Model]) -> bool:
    """Whether another app refers to its rows, or listens to their deletion: then they go as Django has it."""
    relations = [each for each in model._meta.get_fields(include_hidden=True) if each.auto_created and each.is_relation]
    others = any(each.related_model._meta.app_label != model._meta.app_label for each in relations)  # type: ignore[union-attr]
    return others or pre_delete.has_listeners(model) or post_delete.has_listeners(model)


def _of_verifications(pks: list[Any]) -> dict[str, int]:
    VerifiedNumber.objects.filter(verification__in=pks).update(verification=None)
    return erase(Message.objects.filter(verification__in=pks))


def _of_messages(pks: list[Any]) -> dict[str, int]:
    return erase(Receipt.objects.filter(message__in=pks))


def _of_inbound(pks: list[Any]) -> dict[str, int]:
    OptOut.objects.filter(inbound__in=pks).update(inbound=None)
    return {}


# In the order in which a resend and a receipt lock them.
WHAT_HANGS_ON: Final[Mapping[type[models.Model], Callable[[list[Any]], dict[str, int]]]] = {
    Verification: _of_verifications,
    Message: _of_messages,
    InboundMessage: _of_inbound,
}
