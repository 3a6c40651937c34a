"""Import one number, or the rows of a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias

from django.db import models

from ...exceptions import InvalidArgument, LanckError, Refusal
from ...models import DatabaseNow, VerifiedNumber
from ..batches import BATCH, retry_transaction
from ..numbers import parse_number
from .claims import Outcome, store
from .planned import PlannedClaims
from .rows import Entry, ImportRow, all_users, aware_time, checked_time, entries_of, user_field_named

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser
    from phonenumber_field.phonenumber import PhoneNumber

Store: TypeAlias = Callable[[Sequence[Entry]], list[Outcome]]


@dataclass(slots=True)
class Imported:
    """The number of rows by outcome.

    ``created``: the number had no owner. ``updated``: its user had it, and verified it now at a later time.
    ``taken_over``: another user had it. ``unchanged``: the same or a later time is known. ``refused``: all others.
    """

    rows: int = 0
    created: int = 0
    updated: int = 0
    taken_over: int = 0
    unchanged: int = 0
    refused: int = 0


def import_number(
    *, user: AbstractBaseUser, number: str | PhoneNumber, verified_at: datetime | date, region: str | None = None
) -> VerifiedNumber:
    """Make a user the owner of a number that was verified elsewhere, and return the claim.

    ``number`` is in any spelling, a national one of ``region`` or ``PHONENUMBER_DEFAULT_REGION``. ``verified_at`` is
    when it was verified: without a time zone it is a time of the site's, and a date is the start of its day. A number
    has one owner. As with proofs, the later time wins; ``taken_over`` of the returned row is True where another user
    had the number. The same import again changes nothing. Sends ``number_changed`` and ``number_taken_over``.

    Raises Refusal ``invalid_number``, or ``newer_claim`` where another user verified the number at that time or later;
    InvalidArgument for a time in the future or before 1970.
    """
    phone = parse_number(number, region=region, user=user)
    now = all_users().filter(pk=user.pk).annotate(now=DatabaseNow()).values_list("now", flat=True).first()
    if now is None:
        raise InvalidArgument("user", "It has to be stored.")
    entry = Entry(0, user.pk, str(phone.as_e164), checked_time(aware_time(verified_at), now))
    (outcome,) = retry_transaction(partial(store, [entry]))
    if outcome == "refused":
        raise Refusal("newer_claim")
    claim = VerifiedNumber.objects.get(number=entry.number)
    claim.taken_over = outcome == "taken_over"
    return claim


def import_numbers(
    *,
    rows: Iterable[ImportRow],
    user_field: str = "",
    region: str | None = None,
    dry_run: bool = False,
    on_refused: Callable[[int, LanckError], object] = lambda line, error: None,
    on_taken_over: Callable[[int], object] = lambda line: None,
    progress: Callable[[Imported], object] = lambda done: None,
) -> Imported:
    """Import rows as :func:`import_number` imports one number, and return their number by outcome.

    ``user_field`` is the field of the user model whose value the rows have (default: its ``USERNAME_FIELD``).
    ``on_refused(line, error)`` is called for each row that is not imported, and ``on_taken_over(line)`` for each number
    that another user had. ``dry_run`` stores nothing and reports the same outcomes.

    Each transaction imports at most 500 rows, and memory use does not grow with their number. A run can be interrupted
    and repeated. Raises InvalidArgument for a field that the user model does not have.
    """
    field = user_field_named(user_field)
    with closing(PlannedClaims()) if dry_run else nullcontext() as planned:
        run = _Run(field, region, planned.store if planned else store, on_refused, on_taken_over)
        for batch in _batches(rows):
            run.import_batch(batch)
            progress(run.done)
    return run.done


@dataclass(slots=True)
class _Run:
    """An import of many rows."""

    user_field: models.Field[Any, Any]
    region: str | None
    store: Store
    on_refused: Callable[[int, LanckError], object]
    on_taken_over: Callable[[int], object]
    done: Imported = field(default_factory=Imported)

    def import_batch(self, rows: list[ImportRow]) -> None:
        """Import rows, and report them in the order of their lines."""
        errors: dict[int, LanckError] = {}
        taken = set()
        entries = entries_of(rows, user_field=self.user_field, region=self.region, on_error=errors.__setitem__)
        for part in _with_different_numbers(entries):
            outcomes = retry_transaction(partial(self.store, part))
            for entry, outcome in zip(part, outcomes, strict=True):
                if outcome == "refused":
                    errors[entry.line] = Refusal("newer_claim")
                    continue
                setattr(self.done, outcome, getattr(self.done, outcome) + 1)
                if outcome == "taken_over":
                    taken.add(entry.line)
        self.done.rows += len(rows)
        self.done.refused += len(errors)
        for row in rows:
            if row.line in errors:
                self.on_refused(row.line, errors[row.line])
            elif row.line in taken:
                self.on_taken_over(row.line)


def _batches(rows: Iterable[ImportRow]) -> Iterator[list[ImportRow]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, BATCH)):
        yield batch


def _with_different_numbers(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Yield the entries in parts without a repeated number, so that a later row finds what an earlier one stored."""
    part: dict[str, Entry] = {}
    for entry in entries:
        if entry.number in part:
            yield list(part.values())
            part = {}
        part[entry.number] = entry
    if part:
        yield list(part.values())
