"""Everything that is stored about one number, read in a constant number of statements."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypedDict

from django.db.models import Model, QuerySet
from django.utils import timezone

from ...guard import StandingLimit
from ...models import DatabaseNow, InboundMessage, Message, NumberInsight, OptOut, Verification, VerifiedNumber
from ..limits import limits_of_number

# The most rows of one kind in a story.
MAX_ROWS: Final = 50
# The newest verifications whose users and sessions are taken for the person's when limits are read or lifted.
RELATED_VERIFICATIONS: Final = 10

# Each model that has a number: the column of the number, and the column of the time that orders its rows.
COLUMNS: Final[Mapping[type[Model], tuple[str, str]]] = {
    Verification: ("number", "created_at"),
    Message: ("number", "created_at"),
    VerifiedNumber: ("number", "verified_at"),
    InboundMessage: ("sender", "received_at"),
    NumberInsight: ("number", "created_at"),
    OptOut: ("number", "opted_out_at"),
}

# Returns whether the reader may see rows of a model.
MayView = Callable[[type[Model]], bool]


class People(TypedDict):
    """The users and the sessions that used a number, as ``limits_of_number`` and ``lift_limits`` take them."""

    user_ids: set[Any]
    sessions: set[str]


@dataclass(frozen=True, slots=True)
class Story:
    """What is stored about a number, newest first.

    ``now`` is the database's time. ``people`` are those whose limits also apply to the number's person. ``truncated``
    are the models that have older rows than these.
    """

    number: str
    now: datetime
    verifications: list[Verification]
    messages: list[Message]
    inbound: list[InboundMessage]
    insights: list[NumberInsight]
    opt_out: OptOut | None
    claim: VerifiedNumber | None
    people: People
    limits: list[StandingLimit]
    truncated: list[type[Model]]

    @property
    def pending(self) -> list[Verification]:
        return [each for each in self.verifications if each.current_state == Verification.State.PENDING]

    @property
    def rows(self) -> list[Any]:
        single = filter(None, (self.opt_out, self.claim))
        return [*self.verifications, *self.messages, *self.inbound, *self.insights, *single]

    def message_of(self, verification: Verification) -> Message | None:
        """Return the newest message of a verification."""
        messages = (message for message in self.messages if message.verification_id == verification.pk)
        return max(messages, key=lambda message: message.pk, default=None)


def read_story(number: str, may_view: MayView) -> Story:
    """Read the story of a number in E.164, without the rows that the reader must not see.

    At most eight statements, each by an index.
    """
    kinds = [
        _newest_first(Verification, number).annotate(now=DatabaseNow()).select_related("user"),
        _newest_first(Message, number).annotate(now=DatabaseNow()).prefetch_related("receipts"),
        _newest_first(InboundMessage, number),
        _newest_first(NumberInsight, number),
    ]
    found = [list(rows[: MAX_ROWS + 1]) if may_view(rows.model) else [] for rows in kinds]
    verifications, messages, inbound, insights = (rows[:MAX_ROWS] for rows in found)
    opt_out = OptOut.objects.filter(number=number).first() if may_view(OptOut) else None
    # The owner's limits belong to the story even if the reader must not see who the owner is.
    claim = VerifiedNumber.objects.filter(number=number).select_related("user").first()
    people = _people(verifications, claim)
    return Story(
        number=number,
        now=next((row.now for row in [*verifications, *messages]), timezone.now()),
        verifications=verifications,
        messages=messages,
        inbound=inbound,
        insights=insights,
        opt_out=opt_out,
        claim=claim if may_view(VerifiedNumber) else None,
        people=people,
        limits=limits_of_number(number=number, **people),
        truncated=[kind.model for kind, rows in zip(kinds, found, strict=True) if len(rows) > MAX_ROWS],
    )


def newest_row(number: str, may_view: MayView) -> Model | None:
    """Return the newest row of the first model that has the number, or None."""
    rows = (_newest_first(model, number).first() for model in COLUMNS if may_view(model))
    return next(filter(None, rows), None)


def people_of_number(number: str) -> People:
    """Return the users and the sessions whose limits also apply to the number's person."""
    verifications = _newest_first(Verification, number)[:RELATED_VERIFICATIONS]
    return _people(verifications, VerifiedNumber.objects.filter(number=number).first())


def _newest_first(model: type[Model], number: str) -> QuerySet[Any]:
    column, time = COLUMNS[model]
    return model._default_manager.filter(**{column: number}).order_by(f"-{time}")


def _people(verifications: Iterable[Verification], claim: VerifiedNumber | None) -> People:
    recent = list(verifications)[:RELATED_VERIFICATIONS]
    owner = {claim.user_id} if claim else set()
    return {
        "user_ids": owner | {each.user_id for each in recent if each.user_id is not None},
        "sessions": {each.binding_hash for each in recent if each.binding_hash and each.user_id is None},
    }
