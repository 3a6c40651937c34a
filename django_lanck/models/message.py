from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.db import connections, models
from django.db.models import Case, F, OuterRef, Q, Subquery, Value, When
from django.db.models.expressions import CombinedExpression
from django.utils.translation import gettext_lazy as _

from ..channels import Channel, channel_spec
from .number import NUMBER_LENGTH, mask_number
from .status import FINAL_RANK, RANKS, Status, StatusChange, position
from .time import DatabaseNow, seconds_from_now
from .verification import Verification


class Category(models.TextChoices):
    """The category of a message. Marketing is not sent to opted-out numbers."""

    TRANSACTIONAL = "transactional", _("transactional")
    MARKETING = "marketing", _("marketing")


class Goal(models.TextChoices):
    """A goal that is reported to LANCK once, by LANCK's name for it."""

    NUMBER_VERIFIED = "NUMBER_VERIFIED", _("number verified")
    LINK_OPENED = "LINK_OPENED", _("link opened")


DAY: Final = 86_400


def _days_ago(days: float) -> CombinedExpression:
    """Return the time ``days`` ago, but at least two days, so that rows of a day ago are always in the range."""
    return seconds_from_now(-max(days, 2) * DAY)


def _is_due(after: float) -> Q:
    """Match messages that have no final status after ``after`` seconds and are due for a refresh.

    The time between two refreshes is the message's age at the first one, so that old messages are refreshed rarely.
    """
    age_at_refresh = F("asked_at") - F("created_at")
    due = Q(asked_at=None) | Q(asked_at__lte=DatabaseNow() - age_at_refresh)
    return Q(status_rank__lt=FINAL_RANK, created_at__lte=seconds_from_now(-after)) & due


class MessageQuerySet(models.QuerySet["Message"]):
    def locked(self) -> Message | None:
        """Lock the row until the transaction ends and return it, with ``started_at``, the start of its verification.

        SQLite has no row locks: an UPDATE that changes nothing acquires the database's write lock instead.
        """
        started = Verification.objects.filter(pk=OuterRef("verification_id")).values("created_at")
        rows = self.annotate(started_at=Subquery(started))  # type: ignore[no-redef]
        if connections[self.db].features.has_select_for_update:
            return rows.select_for_update().first()
        self.order_by().update(status_rank=F("status_rank"))
        return rows.first()

    def write_status(self, change: StatusChange, *, locked: Message | None = None, **fields: Any) -> bool:
        """Move the message to a higher status and return whether it moved. Receipts, refreshes and answers all use it.

        Without ``locked`` one UPDATE moves to a higher rank and sets ``fields`` with it. With the ``locked`` row, its
        ``fields`` are set in any case, and the position decides between equal ranks: Python compares the names, because
        databases compare text by collations of their own.
        """
        if locked is None:
            return bool(self.filter(status_rank__lt=change.rank).update(**change.columns, **fields))
        moves = change.position > locked.position
        changes = {**fields, **change.columns} if moves else fields
        for name, value in changes.items():
            setattr(locked, name, value)
        if changes:
            self.filter(pk=locked.pk).update(**changes)
        return moves

    def record_answer(self, status: Status, **fields: Any) -> bool:
        """Store LANCK's answer to the request that sends the message; return whether the status moved.

        A receipt that came before the answer keeps its status. The fields of a forgotten message stay empty.
        """
        known = self.exclude(number="")
        if known.write_status(StatusChange.own(status), **fields):
            return True
        if fields:
            known.update(**fields)
        return False

    def reach_goal(self, goal: Goal) -> bool:
        """Store the goal of a message, to be reported by reconciliation; return False if it has one already."""
        return bool(self.filter(goal="").update(goal=goal, goal_reached_at=DatabaseNow()))

    def claim_goal(self) -> bool:
        """Mark a goal as reported; return True to the one process that has to report it."""
        return bool(self.exclude(goal="").filter(goal_reported_at=None).update(goal_reported_at=DatabaseNow()))

    def due_for_reconciliation(self, after: float, days: float) -> MessageQuerySet:
        """Return the messages of the last days that are due for a refresh or have a goal to report."""
        with_goal = ~Q(goal="") & Q(goal_reported_at=None)
        recent = self.filter(created_at__gt=seconds_from_now(-days * DAY))
        return recent.filter(_is_due(after) | with_goal, request_id__isnull=False)

    def claim_refresh(self, after: float) -> bool:
        """Mark a message that is due as refreshed; return True to the one process that has to refresh it."""
        return bool(self.filter(_is_due(after)).update(asked_at=DatabaseNow()))

    def abandoned(self, days: float) -> MessageQuerySet:
        """Return the messages of the last days that are "being sent" for longer than a call takes, oldest first."""
        recent = self.filter(created_at__gt=_days_ago(days), created_at__lte=seconds_from_now(-3600))
        return recent.filter(status_rank=RANKS[Status.SENDING]).order_by("created_at")

    def unknown_for_a_day(self, days: float) -> MessageQuerySet:
        """Return the messages of the last days that are unknown for a day, without a request id, and not closed."""
        recent = self.filter(created_at__gt=_days_ago(days), created_at__lte=seconds_from_now(-DAY))
        return recent._not_closed().order_by("created_at")

    def close(self) -> int:
        """Close messages that are still unknown by setting ``status_at``. A later receipt still updates them."""
        return self._not_closed().update(status_at=DatabaseNow())

    def _not_closed(self) -> MessageQuerySet:
        unknown = self.filter(status_rank=RANKS[Status.UNKNOWN], status=Status.UNKNOWN)
        return unknown.filter(request_id=None, status_at=None)

    def mark_unknown(self, reason: str) -> bool:
        """Move a message that is "being sent" to unknown; return whether it moved."""
        return self.write_status(StatusChange.own(Status.UNKNOWN), error_reason=reason)

    def remember_lost_check(self, code_hash: str) -> None:
        """Store the hash of a code whose check had no answer. Two different codes make the column ambiguous."""
        self.update(
            lost_check=Case(
                When(lost_check__in=["", code_hash], then=Value(code_hash)), default=Value(Message.AMBIGUOUS)
            )
        )


class Message(models.Model):
    """One thing that LANCK was asked to deliver, on any channel, with its status."""

    AMBIGUOUS: Final = "ambiguous"

    verification = models.ForeignKey(
        Verification,
        verbose_name=_("verification"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="messages",
    )
    channel = models.CharField(_("channel"), max_length=20, choices=Channel.choices)
    category = models.CharField(_("category"), max_length=13, choices=Category.choices, default=Category.TRANSACTIONAL)
    number = models.CharField(_("number"), max_length=NUMBER_LENGTH)
    sender = models.CharField(_("sender"), max_length=20, blank=True)
    request_id = models.CharField(_("LANCK's request id"), max_length=128, null=True, blank=True, unique=True)

    status = models.CharField(_("status"), max_length=32, default=Status.SENDING)
    status_rank = models.PositiveSmallIntegerField(default=RANKS[Status.SENDING], editable=False)
    status_at = models.DateTimeField(_("status at"), null=True, blank=True)
    error_code = models.PositiveSmallIntegerField(_("error code"), null=True, blank=True)
    error_reason = models.CharField(_("error reason"), max_length=200, blank=True)

    mccmnc = models.CharField(_("network code"), max_length=6, blank=True)
    network = models.CharField(_("network"), max_length=100, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    price = models.DecimalField(_("price"), max_digits=12, decimal_places=6, null=True, blank=True)

    is_test = models.BooleanField(_("test number"), default=False, db_default=False, editable=False)

    content = models.JSONField(_("content"), default=dict, blank=True)
    link = models.TextField(_("link"), blank=True)
    goal = models.CharField(_("goal"), max_length=32, choices=Goal.choices, blank=True)
    goal_reached_at = models.DateTimeField(_("goal reached"), null=True, blank=True)
    goal_reported_at = models.DateTimeField(_("goal reported"), null=True, blank=True)

    code_hash = models.CharField(max_length=64, blank=True, editable=False)
    lost_check = models.CharField(max_length=64, blank=True, editable=False)
    asked_at = models.DateTimeField(_("asked about"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), db_default=DatabaseNow())

    objects = MessageQuerySet.as_manager()

    # When its verification began, where the row was read together with that.
    started_at: datetime | None = None

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["number", "created_at"], name="lanck_message_number"),
            models.Index(fields=["created_at"], name="lanck_message_created"),
        ]
        permissions = [("send_message", _("Can send messages"))]

    def __str__(self) -> str:
        return f"{self.channel} → {mask_number(self.number)}: {self.status}"

    @property
    def masked_number(self) -> str:
        return mask_number(self.number)

    @property
    def is_forgotten(self) -> bool:
        """Return whether its number was forgotten: LANCK's later reports about it are dropped."""
        return not self.number

    # The calling number of a flash call. Set on the message that a send returns, and not stored.
    caller = ""

    @property
    def has_goal_to_report(self) -> bool:
        return bool(self.goal) and self.goal_reported_at is None

    @property
    def steps(self) -> list[dict[str, Any]]:
        """Return the steps of a failover chain as sent to LANCK, codes masked; of another channel, its one content."""
        flow = self.content.get("flow")
        return flow if isinstance(flow, list) else [{"type": self.channel, "message": self.content}]

    @property
    def position(self) -> tuple[int, datetime, str]:
        """The position of the status in the order of statuses."""
        return position(self.status_rank, self.status_at, self.status)

    @property
    def is_flash(self) -> bool:
        """Return whether it is a flash call, whose calling number ends with the code."""
        return channel_spec(self.channel).code_is_caller

    @property
    def is_final(self) -> bool:
        return self.status_rank >= FINAL_RANK

    @property
    def is_refused(self) -> bool:
        """Return whether it was not sent. Unknown has the same rank, and LANCK may report a status of this name."""
        return self.status_rank == RANKS[Status.REFUSED] and self.status == Status.REFUSED
