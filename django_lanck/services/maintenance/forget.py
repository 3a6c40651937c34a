"""A person wants to be forgotten: everything about one number is erased, or loses what leads to the person."""

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
from ..batches import BATCH, Counts, carry_out, erase, locked
from ..figures.days import note_change
from ..numbers import number_as_kept

if TYPE_CHECKING:
    from phonenumber_field.phonenumber import PhoneNumber

# LANCK repeats an inbound SMS for 24 hours; by its message id a repeat is known to be one.
REPEATS_END: Final = 2 * 86_400


@dataclass(slots=True)
class Forgotten(Counts):
    """How many rows of each kind knew the number.

    ``opted_out`` says that it stays on the list of opt-outs, and in no other row.
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
    """Forget one number: a phone number in any spelling, also one that cannot be dialled, or the name of a sender.

    Verifications and messages stay for the figures (country, channel, status, price, times) without number, texts,
    links, ids, proof and user; with ``erase`` they go too, also out of figures that are not final. What is pending is
    canceled. Receipts, insights, lifted opt-outs and the owner's claim are erased; an opt-out that stands stays, so
    that it is honoured. ``dry_run`` only counts. 500 rows a transaction (all in the caller's, if there is one); it can
    be interrupted and run again, and finds nothing the second time. Raises Refusal ``invalid_number`` for nothing.
    """
    kept = number_as_kept(number)
    done = Forgotten(opted_out=OptOut.objects.standing().filter(number=kept).exists())
    if dry_run:
        done.receipts = Receipt.objects.filter(message__number=kept).count()
        for step in STEPS:
            rows = step.rows(kept)
            done.add({rows.model._meta.label: rows.count()})
        return done
    for step in STEPS:
        rows = step.rows(kept)
        while pks := list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH]):
            done.add(carry_out(partial(_batch, step, rows.filter(pk__in=pks), pks, erase=erase)))
    OptOut.objects.filter(number=kept).update(inbound=None)
    return done


def _batch(step: _Step, rows: models.QuerySet[Any], pks: list[Any], *, erase: bool) -> Mapping[str, int]:
    if erase and rows.model in (Verification, Message, NumberInsight):
        note_change(*_times(rows))
    counts = step.erase(rows) if erase else step.forget(rows)
    _clear_log(rows.model, pks)
    return counts


def _times(rows: models.QuerySet[Any]) -> Iterator[datetime]:
    """When the rows began, and the messages that go with them."""
    yield from rows.order_by().values_list("created_at", flat=True)
    if rows.model is Verification:
        yield from Message.objects.filter(verification__in=rows).order_by().values_list("created_at", flat=True)


def _anonymize(rows: models.QuerySet[Any]) -> dict[str, int]:
    return {rows.model._meta.label: rows.order_by().update(**WITHOUT_PERSON[rows.model])}


def _anonymize_messages(rows: models.QuerySet[Message]) -> dict[str, int]:
    """Their receipts go: each has LANCK's id of the request, and whatever else LANCK sent."""
    receipts = Receipt.objects.filter(message__in=locked(rows)).delete()[1]
    return {**receipts, **_anonymize(rows)}


def _erase_inbound(rows: models.QuerySet[InboundMessage]) -> dict[str, int]:
    """What LANCK may still repeat keeps its id for now, or the repeat would be kept as a new text."""
    old = erase(rows.filter(received_at__lt=seconds_from_now(-REPEATS_END)))
    young = _anonymize(rows)
    return {label: old.get(label, 0) + count for label, count in young.items()}


def _clear_log(model: type[models.Model], pks: list[Any]) -> None:
    """The admin's log goes on saying who did what to which row, without its masked number."""
    if apps.is_installed("django.contrib.admin"):
        entries = apps.get_model("admin", "LogEntry")._default_manager.filter(
            content_type__app_label=model._meta.app_label, content_type__model=model._meta.model_name
        )
        entries.filter(object_id__in=list(map(str, pks))).update(object_repr=mask_number(""))


@dataclass(frozen=True, slots=True)
class _Step:
    """The rows that know a number, and what becomes of a few of them: the rows by model."""

    rows: Callable[[str], models.QuerySet[Any]]
    forget: Callable[[models.QuerySet[Any]], Mapping[str, int]]
    erase: Callable[[models.QuerySet[Any]], Mapping[str, int]]


_PENDING: Final = Q(state=Verification.State.PENDING)
_EXPIRED: Final = _PENDING & Q(expires_at__lte=DatabaseNow())
_SENDING: Final = Q(status_rank=RANKS[Status.SENDING])
# What stays is for the figures. MariaDB sets the columns one after the other: what decides is changed last.
WITHOUT_PERSON: Final[Mapping[type[models.Model], Mapping[str, Any]]] = {
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
# In this order: whoever changes a verification goes on to its messages, and at last to the claim on the number.
STEPS: Final = (
    _Step(lambda number: Verification.objects.filter(number=number), _anonymize, erase),
    _Step(lambda number: Message.objects.filter(number=number), _anonymize_messages, erase),
    _Step(lambda number: InboundMessage.objects.filter(sender=number), _anonymize, _erase_inbound),
    _Step(lambda number: NumberInsight.objects.filter(number=number), erase, erase),
    _Step(lambda number: OptOut.objects.filter(number=number).exclude(lifted_at=None), erase, erase),
    _Step(lambda number: VerifiedNumber.objects.filter(number=number), erase, erase),
)
