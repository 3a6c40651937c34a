"""Everything that is known of one number, read in a constant number of statements, and told in one timeline."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.contrib.admin.models import LogEntry
from django.db.models import Model, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from ...models import DatabaseNow, InboundMessage, Message, NumberInsight, OptOut, Verification, VerifiedNumber
from ...services import StandingLimit, limits_of_number
from ..base import owner_name
from ..labels import INSIGHT_WORDS, badge, shortened
from ..timeline import Event, code_events, in_order, opt_out_events, verification_events

# Of each kind; what is older is in the lists.
MOST: Final = 50
# The users and the sessions of so many verifications are the person's, as far as limits are concerned.
RECENT: Final = 10

# Each kind of row that has a number: the column of the number, and the one that says which row is the newest.
KINDS: Final[Mapping[type[Model], tuple[str, str]]] = {
    Verification: ("number", "created_at"),
    Message: ("number", "created_at"),
    VerifiedNumber: ("number", "verified_at"),
    InboundMessage: ("sender", "received_at"),
    NumberInsight: ("number", "created_at"),
    OptOut: ("number", "opted_out_at"),
}

Sees = Callable[[type[Model]], bool]
Veil = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Story:
    """What is known of a number, newest first.

    ``now`` is the database's clock, ``people`` whose limits are the person's, ``cut`` the kinds that have older rows.
    """

    number: str
    now: datetime
    verifications: list[Verification]
    messages: list[Message]
    inbound: list[InboundMessage]
    insights: list[NumberInsight]
    opt_out: OptOut | None
    claim: VerifiedNumber | None
    people: dict[str, set[Any]]
    limits: list[StandingLimit]
    notes: list[LogEntry]
    cut: list[type[Model]]

    @property
    def pending(self) -> list[Verification]:
        return [each for each in self.verifications if each.current_state == Verification.State.PENDING]

    @property
    def rows(self) -> list[Any]:
        single = filter(None, (self.opt_out, self.claim))
        return [*self.verifications, *self.messages, *self.inbound, *self.insights, *single]

    def message_of(self, verification: Verification) -> Message | None:
        """The newest message of a verification."""
        of_it = (message for message in self.messages if message.verification_id == verification.pk)
        return max(of_it, key=lambda message: message.pk, default=None)


def read_story(number: str, sees: Sees) -> Story:
    """At most nine statements, each by an index. What a reader must not see is left out."""
    kinds = [
        _newest(Verification, number).annotate(now=DatabaseNow()).select_related("user"),
        _newest(Message, number).annotate(now=DatabaseNow()).prefetch_related("receipts"),
        _newest(InboundMessage, number),
        _newest(NumberInsight, number),
    ]
    read = [list(rows[: MOST + 1]) if sees(rows.model) else [] for rows in kinds]
    verifications, messages, inbound, insights = (rows[:MOST] for rows in read)
    opt_out = OptOut.objects.filter(number=number).first() if sees(OptOut) else None
    # Whose the number is says whose limits are in the way, also to those who are not told.
    owner = VerifiedNumber.objects.filter(number=number).select_related("user").first()
    whose = people(verifications, owner)
    claim = owner if sees(VerifiedNumber) else None
    single = [row for row in (opt_out, claim) if row]
    return Story(
        number=number,
        now=next((row.now for row in [*verifications, *messages]), timezone.now()),
        verifications=verifications,
        messages=messages,
        inbound=inbound,
        insights=insights,
        opt_out=opt_out,
        claim=claim,
        people=whose,
        limits=limits_of_number(number=number, **whose),
        notes=_notes([*verifications, *messages, *inbound, *insights, *single]),
        cut=[kind.model for kind, rows in zip(kinds, read, strict=True) if len(rows) > MOST],
    )


def newest_row(number: str, sees: Sees) -> Model | None:
    """The newest row of the first kind that knows the number."""
    kinds = (_newest(model, number).first() for model in KINDS if sees(model))
    return next(filter(None, kinds), None)


def _newest(model: type[Model], number: str) -> QuerySet[Any]:
    column, time = KINDS[model]
    return model._default_manager.filter(**{column: number}).order_by(f"-{time}")


def people(verifications: Iterable[Verification], claim: VerifiedNumber | None) -> dict[str, set[Any]]:
    """The users and sessions whose limits may stand in the way of the number's person."""
    recent = list(verifications)[:RECENT]
    owner = {claim.user_id} if claim else set()
    return {
        "user_ids": owner | {each.user_id for each in recent if each.user_id is not None},
        "sessions": {each.binding_hash for each in recent if each.binding_hash and each.user_id is None},
    }


def _notes(rows: Iterable[Model]) -> list[LogEntry]:
    """The newest that staff noted of these rows."""
    pks: dict[str, list[str]] = {}
    for row in rows:
        pks.setdefault(str(row._meta.model_name), []).append(str(row.pk))
    of_rows = Q(pk__in=[])
    for name, ids in pks.items():
        of_rows |= Q(content_type__model=name, object_id__in=ids)
    entries = LogEntry.objects.filter(of_rows, content_type__app_label="lanck").select_related("user")
    return list(entries.order_by("-action_time")[:MOST])


def note_events(notes: Iterable[LogEntry], number: str) -> Iterator[Event]:
    """What staff did."""
    for entry in notes:
        names = {"user": owner_name(entry.user, number), "what": entry.get_change_message()}
        yield Event(entry.action_time, _("Noted by %(user)s: %(what)s") % names)


def story_events(story: Story, veil: Veil) -> list[Event]:
    """One timeline of all of it, the newest first: whoever asks does so because of what happened just now."""
    events: list[Event] = []
    for verification in story.verifications:
        events += verification_events(verification, reverse("admin:lanck_verification_change", args=[verification.pk]))
    events += code_events(sorted(story.messages, key=lambda message: message.pk), veil)
    events += [_inbound_event(message, veil) for message in story.inbound]
    events += [_insight_event(insight, veil) for insight in story.insights]
    events += opt_out_events(story.opt_out) if story.opt_out else []
    events += [_claim_event(story.claim)] if story.claim else []
    events += note_events(story.notes, story.number)
    return in_order(events)[::-1]


def _inbound_event(message: InboundMessage, veil: Veil) -> Event:
    url = reverse("admin:lanck_inboundmessage_change", args=[message.pk])
    return Event(message.received_at, _("The number texted: “%s”") % shortened(veil(message.text)), url=url)


def _insight_event(insight: NumberInsight, veil: Veil) -> Event:
    url = reverse("admin:lanck_numberinsight_change", args=[insight.pk])
    known = {"kind": insight.get_kind_display(), "network": veil(insight.network)}
    said = (
        _("LANCK answered the %(kind)s: network %(network)s.") if insight.network else _("LANCK answered the %(kind)s.")
    )
    return Event(insight.created_at, said % known, badge(insight.status, INSIGHT_WORDS.get(insight.status)), url)


def _claim_event(claim: VerifiedNumber) -> Event:
    url = reverse("admin:lanck_verifiednumber_change", args=[claim.pk])
    return Event(claim.verified_at, _("The number became that of %s.") % owner_name(claim.user, claim.number), url=url)
