from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from .number import NUMBER_LENGTH, mask_number
from .time import DatabaseNow, seconds_from_now


class NumberInsightQuerySet(models.QuerySet["NumberInsight"]):
    def newest(self, number: str, kind: str, max_age: float) -> NumberInsight | None:
        """Return the newest insight of a number that is at most ``max_age`` seconds old, or None."""
        rows = self.filter(number=number, kind=kind, created_at__gt=seconds_from_now(-max_age))
        return rows.annotate(now=DatabaseNow()).order_by("-created_at", "-pk").first()  # type: ignore[no-redef]


class NumberInsight(models.Model):
    """The stored result of an HLR lookup or a fraud check. ``status`` is LANCK's."""

    class Kind(models.TextChoices):
        HLR = "hlr", _("HLR lookup")
        FRAUD = "fraud", _("fraud check")

    number = models.CharField(_("number"), max_length=NUMBER_LENGTH)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    status = models.CharField(_("status"), max_length=32)
    mobile_prefix = models.BooleanField(_("mobile prefix"), null=True, blank=True)
    mccmnc = models.CharField(_("network code"), max_length=6, blank=True)
    network = models.CharField(_("network"), max_length=100, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    imsi = models.CharField(_("IMSI"), max_length=20, blank=True)
    ported = models.BooleanField(_("ported"), null=True, blank=True)
    roaming = models.BooleanField(_("roaming"), null=True, blank=True)
    request_id = models.CharField(_("LANCK's request id"), max_length=128, blank=True)
    payload = models.JSONField(_("payload"), default=dict)
    created_at = models.DateTimeField(_("asked"), db_default=DatabaseNow())

    objects = NumberInsightQuerySet.as_manager()

    # The database's time at the read, which only `newest` sets.
    now: datetime | None = None

    class Meta:
        verbose_name = _("number insight")
        verbose_name_plural = _("number insights")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["number", "kind", "created_at"], name="lanck_insight_number"),
            models.Index(fields=["created_at"], name="lanck_insight_created"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {mask_number(self.number)}: {self.status}"

    @property
    def masked_number(self) -> str:
        return mask_number(self.number)

    @property
    def age(self) -> timedelta | None:
        """The age of a stored insight; None for one that LANCK has just returned."""
        return self.now - self.created_at if self.now else None
