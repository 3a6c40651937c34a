from __future__ import annotations

from django.db import connections, models
from django.utils.translation import gettext_lazy as _

from .number import NUMBER_LENGTH, mask_number, mask_party
from .time import DatabaseNow

PARTY_LENGTH = 64


class InboundMessage(models.Model):
    """An SMS to a rented number. Its sender may be a name."""

    message_id = models.CharField(_("LANCK's message id"), max_length=128, unique=True)
    sender = models.CharField(_("from"), max_length=PARTY_LENGTH)
    recipient = models.CharField(_("to"), max_length=PARTY_LENGTH)
    text = models.TextField(_("text"), blank=True)
    parts = models.PositiveSmallIntegerField(_("parts"), null=True, blank=True)
    provider_at = models.DateTimeField(_("at, by LANCK"), null=True, blank=True)
    payload = models.JSONField(_("what else came"), default=dict)
    received_at = models.DateTimeField(_("received"), db_default=DatabaseNow())

    class Meta:
        verbose_name = _("inbound message")
        verbose_name_plural = _("inbound messages")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["sender", "received_at"], name="lanck_inbound_sender"),
            models.Index(fields=["received_at"], name="lanck_inbound_received"),
        ]

    def __str__(self) -> str:
        return f"{self.masked_number} → {self.masked_recipient}"

    @property
    def masked_number(self) -> str:
        return mask_party(self.sender)

    @property
    def masked_recipient(self) -> str:
        return mask_party(self.recipient)


class OptOutQuerySet(models.QuerySet["OptOut"]):
    def standing(self) -> OptOutQuerySet:
        """Return the active opt-outs."""
        return self.filter(lifted_at=None)

    def record(self, number: str, inbound: InboundMessage | None = None) -> None:
        """Create the active opt-out of a number, or activate it again. One statement, so safe in parallel."""
        targets = connections[self.db].features.supports_update_conflicts_with_target
        self.bulk_create(
            [OptOut(number=number, inbound=inbound, opted_out_at=DatabaseNow())],
            update_conflicts=True,
            update_fields=["inbound", "opted_out_at", "lifted_at"],
            unique_fields=["number"] if targets else None,
        )

    def lift(self) -> int:
        """Lift the active opt-outs and return their number."""
        return self.standing().update(lifted_at=DatabaseNow())


class OptOut(models.Model):
    """A number's refusal of marketing messages, active until it is lifted. Transactional messages are still sent."""

    number = models.CharField(_("number"), max_length=NUMBER_LENGTH, unique=True)
    inbound = models.ForeignKey(
        InboundMessage,
        verbose_name=_("inbound message"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    opted_out_at = models.DateTimeField(_("opted out"))
    lifted_at = models.DateTimeField(_("lifted"), null=True, blank=True)

    objects = OptOutQuerySet.as_manager()

    class Meta:
        verbose_name = _("opt-out")
        verbose_name_plural = _("opt-outs")
        ordering = ["-opted_out_at"]
        indexes = [models.Index(fields=["opted_out_at"], name="lanck_optout_at")]

    def __str__(self) -> str:
        return mask_number(self.number)

    @property
    def masked_number(self) -> str:
        return mask_number(self.number)
