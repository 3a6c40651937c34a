"""Deleting or anonymizing everything that is stored about one phone number."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from django.apps import apps
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce, Greatest

from ...models import (
    DatabaseNow,
    InboundMessage,
    Message,
    NumberInsight,
    OptOut,
    Receipt,
    Status,
    Verification,
    VerifiedNumber,
)
from ...models.number import mask_number
from ...models.status import RANKS
from ...models.time import seconds_from_now
from ..batches import BATCH, Counts, delete_batch, lock_rows, retry_transaction
from ..figures.days import mark_changed_days
from ..numbers import number_as_kept

if TYPE_CHECKING:
    from phonenumber_field.phonenumber import PhoneNumber

# LANCK repeats an inbound SMS for 24 hours; the stored message id identifies the repeat.
REPEAT_SECONDS: Final = 2 * 86_400


@dataclass(slots=True)
class Forgotten(Counts):
    """The number of rows of each kind that held the number.

    ``opted_out`` says that the number stays on the list of opt-outs, and in no other row.
    """

    verifications: int = 0
    messages: int = 0
    receipts: int = 0
    inbound: int = 0
    insights: int = 0
    lifted_opt_outs: int = 0
    verified_numbers: int = 0
    opted_out: bool = False


def forget_number(*, number: str | PhoneNumber, erase: bool = False, dry_run: bool = False) -> Forgotten:
    """Delete or anonymize all rows of one number and return how many there were.

    ``number`` is a phone number in any spelling, even one that cannot be dialled, or the name of a sender.
    Verifications and messages stay for the figures (country, channel, status, price, times) without number, texts,
    links, ids, proof and user; ``erase`` deletes them too, and removes them from figures that are not final. Pending
    verifications are canceled. Receipts, insights, lifted opt-outs and the owner's claim are deleted; an active
    opt-out stays, so that it is honoured. ``dry_run`` only counts.

    Each transaction changes at most 500 rows; inside a transaction of the caller, all changes belong to it. A run can
    be interrupted and repeated; a second run finds nothing. Raises Refusal ``invalid_number`` for an empty number.
    """
    stored = number_as_kept(number)
    done = Forgotten(opted_out=OptOut.objects.standing().filter(number=stored).exists())
    if dry_run:
        _count(stored, done)
        return done
    for step in STEPS:
        rows = step.rows(stored)
        while pks := list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH]):
            batch = rows.filter(pk__in=pks)
            done.add(retry_transaction(partial(_forget_batch, step, batch, pks, erase=erase)))
    OptOut.objects.filter(number=stored).update(inbound=None)
    return done


def _count(stored: str, done: Forgotten) -> None:
    done.receipts = Receipt.objects.filter(message__number=stored).count()
    for step in STEPS:
        rows = step.rows(stored)
        done.add({rows.model._meta.label: rows.count()})


def _forget_batch(step: _Step, rows: models.QuerySet[Any], pks: list[Any], *, erase: bool) -> Mapping[str, int]:
    if erase and rows.model in (Verification, Message, NumberInsight):
        mark_changed_days(*_start_times(rows))
    counts = step.erase(rows) if erase else step.forget(rows)
    _mask_log_entries(rows.model, pks)
    return counts


def _start_times(rows: models.QuerySet[Any]) -> Iterator[datetime]:
    """Yield the creation times of the rows and of the messages that are deleted with them."""
    yield from rows.order_by().values_list("created_at", flat=True)
    if rows.model is Verification:
        yield from Message.objects.filter(verification__in=rows).order_by().values_list("created_at", flat=True)


def _anonymize(rows: models.QuerySet[Any]) -> dict[str, int]:
    return {rows.model._meta.label: rows.order_by().update(**ANONYMOUS_VALUES[rows.model])}


def _anonymize_messages(rows: models.QuerySet[Message]) -> dict[str, int]:
    """Anonymize messages and delete their receipts, whose payloads hold LANCK's request id."""
    receipts = Receipt.objects.filter(message__in=lock_rows(rows)).delete()[1]
    return {**receipts, **_anonymize(rows)}


def _erase_inbound(rows: models.QuerySet[InboundMessage]) -> dict[str, int]:
    """Delete inbound messages, and anonymize recent ones: without its id, LANCK's repeat would be stored as new."""
    deleted = delete_batch(rows.filter(received_at__lt=seconds_from_now(-REPEAT_SECONDS)))
    anonymized = _anonymize(rows)
    return {label: deleted.get(label, 0) + count for label, count in anonymized.items()}


def _mask_log_entries(model: type[models.Model], pks: list[Any]) -> None:
    """Remove the masked number from the admin's log entries for the rows; the entries stay."""
    if apps.is_installed("django.contrib.admin"):
        entries = apps.get_model("admin", "LogEntry")._default_manager.filter(
            content_type__app_label=model._meta.app_label, content_type__model=model._meta.model_name
        )
        entries.filter(object_id__in=list(map(str, pks))).update(object_repr=mask_number(""))


@dataclass(frozen=True, slots=True)
class _Step:
    """The rows of one model that hold a number, and how to forget or erase a batch. Both return rows by model."""

    rows: Callable[[str], models.QuerySet[Any]]
    forget: Callable[[models.QuerySet[Any]], Mapping[str, int]]
    erase: Callable[[models.QuerySet[Any]], Mapping[str, int]]


_PENDING: Final = Q(state=Verification.State.PENDING)
_EXPIRED: Final = _PENDING & Q(expires_at__lte=DatabaseNow())
_SENDING: Final = Q(status_rank=RANKS[Status.SENDING])
# MariaDB assigns the columns in this order, so a column that a condition reads is assigned last.
ANONYMOUS_VALUES: Final[Mapping[type[models.Model], Mapping[str, Any]]] = {
    Verification: {
        "number": "",
        "user": None,
        "binding_hash": "",
        "language": "",
        "resend_at": None,
        "proof_hash": None,
        "ended_at": Coalesce("ended_at", DatabaseNow()),
        "state": Case(
            When(_EXPIRED, then=Value(Verification.State.EXPIRED)),
            When(_PENDING, then=Value(Verification.State.CANCELED)),
            default=F("state"),
        ),
    },
    Message: {
        "number": "",
        "request_id": None,
        "content": {},
        "link": "",
        "error_reason": "",
        "code_hash": "",
        "lost_check": "",
        "status": Case(When(_SENDING, then=Value(Status.UNKNOWN)), default=F("status")),
        "status_rank": Greatest("status_rank", Value(RANKS[Status.UNKNOWN], models.PositiveSmallIntegerField())),
    },
    InboundMessage: {"sender": "", "text": "", "payload": {}},
}
# The order of locks everywhere: verification, message, claim.
STEPS: Final = (
    _Step(lambda number: Verification.objects.filter(number=number), _anonymize, delete_batch),
    _Step(lambda number: Message.objects.filter(number=number), _anonymize_messages, delete_batch),
    _Step(lambda number: InboundMessage.objects.filter(sender=number), _anonymize, _erase_inbound),
    _Step(lambda number: NumberInsight.objects.filter(number=number), delete_batch, delete_batch),
    _Step(lambda number: OptOut.objects.filter(number=number).exclude(lifted_at=None), delete_batch, delete_batch),
    _Step(lambda number: VerifiedNumber.objects.filter(number=number), delete_batch, delete_batch),
)
