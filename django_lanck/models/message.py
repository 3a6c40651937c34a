from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import connections, models
from django.db.models import Case, F, Q, Value, When
from django.utils.translation import gettext_lazy as _

from .number import NUMBER_LENGTH, mask_number
from .time import DatabaseNow
from .verification import Verification


class Status(models.TextChoices):
    """What became of a message: this app's own words, then LANCK's. Other words of LANCK's are kept as they come."""

    SENDING = "sending", _("being sent")
    UNKNOWN = "unknown", _("unknown whether sent")
    REFUSED = "refused", _("refused, not sent")
    ACCEPTED = "accepted", _("accepted by LANCK")
    SENT = "SENT", _("sent")
    REJECTED = "REJECTED", _("rejected")
    UNDELIVERED = "UNDELIVERED", _("not delivered")
    DELIVERED = "DELIVERED", _("delivered")
    ANSWERED = "ANSWERED", _("answered")


# A status never gives way to one of a lower rank, so that every order of arrival ends the same.
RANKS: Final[Mapping[str, int]] = {
    Status.SENDING: 0,
    Status.UNKNOWN: 1,
    Status.REFUSED: 1,
    Status.ACCEPTED: 2,
    # 3: a word that is not in this table
    Status.SENT: 4,
    Status.REJECTED: 5,
    Status.UNDELIVERED: 6,
    Status.DELIVERED: 7,
    Status.ANSWERED: 7,
}
LANCKS_WORDS: Final = frozenset(word for word in RANKS if word.isupper())
OTHER_WORD: Final = 3
FINAL_RANK: Final = RANKS[Status.REJECTED]


def rank_of(status: str) -> int:
    """The rank of a word of LANCK's."""
    return RANKS[status] if status in LANCKS_WORDS else OTHER_WORD


class MessageQuerySet(models.QuerySet["Message"]):
    def lock(self) -> None:
        """Keep others from changing the rows until the transaction ends.

        A statement of its own: what is read after it is fresh, subqueries too. SQLite has no row locks; there a write
        that changes nothing takes the database's write lock.
        """
        if connections[self.db].features.has_select_for_update:
            list(self.select_for_update().values_list("pk"))
        else:
            self.order_by().update(status_rank=F("status_rank"))

    def record_answer(self, status: Status, **fields: Any) -> None:
        """Note how LANCK answered. A receipt that came before the answer keeps its status."""
        rank = RANKS[status]
        if not self.filter(status_rank__lt=rank).update(status=status, status_rank=rank, **fields) and fields:
            self.update(**fields)

    def raise_status(self, status: str, at: datetime | None, **fields: Any) -> bool:
        """Set the status to LANCK's word unless what is known outranks it; True for the one who changed the row."""
        rank = rank_of(status)
        higher = Q(status_rank__lt=rank)
        same_rank = Q(status_rank=rank)
        if at is None:
            higher |= same_rank & Q(status_at=None, status__lt=status)
        else:
            higher |= same_rank & (Q(status_at=None) | Q(status_at__lt=at) | Q(status_at=at, status__lt=status))
        return bool(self.filter(higher).update(status=status, status_rank=rank, status_at=at, **fields))

    def remember_lost_check(self, code_hash: str) -> None:
        """Keep the hash of a code whose check had no answer; two different ones make either useless."""
        self.update(
            lost_check=Case(
                When(lost_check__in=["", code_hash], then=Value(code_hash)), default=Value(Message.AMBIGUOUS)
            )
        )


class Message(models.Model):
    """One thing that LANCK was asked to deliver, on any channel, and what became of it."""

    AMBIGUOUS: Final = "ambiguous"

    verification = models.ForeignKey(
        Verification,
        verbose_name=_("verification"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="messages",
    )
    channel = models.CharField(_("channel"), max_length=20)
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

    lost_check = models.CharField(max_length=64, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), db_default=DatabaseNow())

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["number", "created_at"], name="lanck_message_number"),
            models.Index(fields=["created_at"], name="lanck_message_created"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} → {mask_number(self.number)}: {self.status}"

    @property
    def masked_number(self) -> str:
        return mask_number(self.number)

    @property
    def is_final(self) -> bool:
        return self.status_rank >= FINAL_RANK

    @property
    def may_carry_code(self) -> bool:
        """Whether the code in it may be the one that counts: whatever was not refused may have arrived."""
        return self.status_rank != RANKS[Status.REFUSED] or self.status != Status.REFUSED
