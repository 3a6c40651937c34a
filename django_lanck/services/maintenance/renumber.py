"""Move claims and opt-outs to the numbers that a numbering plan gave them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar

from django.db import IntegrityError, models
from django.db.models import Value
from django.db.models.functions import Concat, Length, Substr

from ...exceptions import InvalidArgument
from ...models import OptOut, VerifiedNumber
from ..batches import BATCH, MAX_TRIES, retry_transaction
from ..numbers import ascii_digits
from ..verifications.number_changes import RENUMBER, NumberChange, announce_changes

T = TypeVar("T")

PREFIX: Final = re.compile(r"\+[1-9][0-9]{0,13}")
LONGEST_E164: Final = 16  # characters, with the plus
# The rows that hold a number that a person has, and the field of the result that counts them.
RENUMBERED: Final[Mapping[type[models.Model], str]] = {VerifiedNumber: "claims", OptOut: "opt_outs"}


@dataclass(slots=True)
class Renumbered:
    """The number of rows of a renumbering.

    ``claims`` and ``opt_outs`` are moved. ``collisions`` are left because the new number has a row already, or would be
    too long. ``renumbered`` are left because they begin with the new prefix.
    """

    claims: int = 0
    opt_outs: int = 0
    collisions: int = 0
    renumbered: int = 0


def renumber(
    *,
    old_prefix: str,
    new_prefix: str,
    digits: int | None = None,
    dry_run: bool = False,
    on_collision: Callable[[VerifiedNumber | OptOut], object] = lambda row: None,
    progress: Callable[[Renumbered], object] = lambda done: None,
) -> Renumbered:
    """Replace the prefix of the numbers of claims and opt-outs, and return how many there were.

    Prefixes have their calling code: Benin is from ``+229`` to ``+22901``. The numbers are not parsed, so that today's
    numbering plan may know both of them, one or none. ``digits`` is how many digits old numbers have after the old
    prefix (default: any number). Without it, numbers that begin with the new prefix are taken for renumbered ones and
    left, so that a second run moves none twice.

    A number whose new form has a row already is left, and ``on_collision(row)`` is called. ``number_changed`` is sent
    for each claim. Each transaction moves at most 500 rows; a run can be interrupted and repeated. ``dry_run`` only
    counts. Raises InvalidArgument.
    """
    old, new = _prefix("old_prefix", old_prefix), _prefix("new_prefix", new_prefix)
    _check(old, new, digits)
    run = _Run(old, new, digits, dry_run, on_collision, progress, Renumbered())
    for model in RENUMBERED:
        run.renumber_all(model._default_manager.all())
    return run.done


def _prefix(field: str, value: str) -> str:
    digits = re.sub(r"[ ().-]", "", ascii_digits(value))
    prefix = f"+{digits[2:]}" if digits.startswith("00") else digits
    if not PREFIX.fullmatch(prefix):
        raise InvalidArgument(field, "It has to be a calling code and perhaps more digits, such as +229.")
    return prefix


def _check(old: str, new: str, digits: int | None) -> None:
    if old == new:
        raise InvalidArgument("new_prefix", "It has to be another prefix.")
    if digits is not None and not 0 < digits <= LONGEST_E164 - len(old):
        raise InvalidArgument("digits", "It has to be a number of digits that an old number may have.")
    if digits is None and old.startswith(new):
        # +22901 to +229: a renumbered +229 0112 3456 begins with the old prefix again.
        raise InvalidArgument("digits", "It is needed, because new numbers may begin with the old prefix.")


@dataclass(slots=True)
class _Run:
    old: str
    new: str
    digits: int | None
    dry_run: bool
    on_collision: Callable[[Any], object]
    progress: Callable[[Renumbered], object]
    done: Renumbered

    def renumber_all(self, table: models.QuerySet[Any]) -> None:
        """Renumber the rows of one model in the order of their numbers. A moved number is no old number any more."""
        if self.digits is None and self.new.startswith(self.old):
            self.done.renumbered += table.filter(number__startswith=self.new).count()
        rows = self._old_numbers(table).order_by("number")
        batch = list(rows.filter(number__gte=self.old)[:BATCH])
        while batch:
            self._renumber_batch(table, batch)
            self.progress(self.done)
            batch = list(rows.filter(number__gt=batch[-1].number)[:BATCH])

    def _old_numbers(self, table: models.QuerySet[Any]) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any] = table.filter(number__startswith=self.old)
        if self.digits is not None:
            rows = rows.alias(length=Length("number")).filter(length=len(self.old) + self.digits)
        elif self.new.startswith(self.old):
            rows = rows.exclude(number__startswith=self.new)
        return rows

    def _renumber_batch(self, table: models.QuerySet[Any], batch: list[Any]) -> None:
        pks = [row.pk for row in batch]
        moved, left = _retry_collision(partial(retry_transaction, partial(self._move, table, pks)))
        name = RENUMBERED[table.model]
        setattr(self.done, name, getattr(self.done, name) + moved)
        self.done.collisions += len(left)
        for row in left:
            self.on_collision(row)

    def _move(self, table: models.QuerySet[Any], pks: Collection[Any]) -> tuple[int, list[Any]]:
        """Move rows in the caller's transaction; return how many, and those that are left."""
        rows = list(self._old_numbers(table).filter(pk__in=pks).select_for_update().order_by("pk"))
        new_numbers = {row.pk: self.new + row.number[len(self.old) :] for row in rows}
        taken = set(table.filter(number__in=new_numbers.values()).values_list("number", flat=True))
        left = [row for row in rows if new_numbers[row.pk] in taken or len(new_numbers[row.pk]) > LONGEST_E164]
        left_pks = {row.pk for row in left}
        moved = [row for row in rows if row.pk not in left_pks]
        if moved and not self.dry_run:
            renamed = Concat(Value(self.new), Substr("number", len(self.old) + 1))
            table.filter(pk__in=[row.pk for row in moved]).update(number=renamed)
            if table.model is VerifiedNumber:
                announce_changes(
                    [NumberChange(row.user_id, row.number, new_numbers[row.pk], RENUMBER) for row in moved]
                )
        return len(moved), left


def _retry_collision(move: Callable[[], T]) -> T:
    """Call ``move`` again where another process inserted one of the new numbers meanwhile."""
    for tries_left in range(MAX_TRIES - 1, -1, -1):
        try:
            return move()
        except IntegrityError:
            if not tries_left:
                raise
    raise AssertionError
