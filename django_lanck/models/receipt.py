from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from .message import Message
from .time import DatabaseNow


class Receipt(models.Model):
    """One receipt as received, without values that may hold a number or a code. Repeats are counted, not stored."""

    message = models.ForeignKey(Message, verbose_name=_("message"), on_delete=models.CASCADE, related_name="receipts")
    digest = models.CharField(max_length=64, editable=False)
    status = models.CharField(_("status"), max_length=32)
    provider_at = models.DateTimeField(_("at, by LANCK"), null=True, blank=True)
    payload = models.JSONField(_("payload"), default=dict)
    repeats = models.PositiveIntegerField(_("repeats"), default=0)
    received_at = models.DateTimeField(_("received"), db_default=DatabaseNow())

    class Meta:
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["message", "digest"], name="lanck_receipt_once")]

    def __str__(self) -> str:
        return self.status
