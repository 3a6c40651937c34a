from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import F
from django.utils.translation import gettext_lazy as _


class RefusalCountQuerySet(models.QuerySet["RefusalCount"]):
    def count_one(self, day: date, rule: str, action: str, purpose: str, country: str, watched: bool) -> None:
        """Add one refusal to the row of these values. Creates the row."""
        values = {
            "day": day,
            "rule": rule,
            "action": action,
            "purpose": purpose,
            "country": country,
            "watched": watched,
        }
        row = self.filter(**values)
        if not row.update(count=F("count") + 1):
            self.bulk_create([RefusalCount(**values)], ignore_conflicts=True)
            row.update(count=F("count") + 1)


class RefusalCount(models.Model):
    """The number of refusals by one rule on one day. ``watched``: the rule would have refused, but is only watched."""

    day = models.DateField(_("day"))
    rule = models.CharField(_("rule"), max_length=40)
    action = models.CharField(_("action"), max_length=10)
    purpose = models.CharField(_("purpose"), max_length=50, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    watched = models.BooleanField(_("only watched"), default=False)
    count = models.PositiveIntegerField(_("count"), default=0)

    objects = RefusalCountQuerySet.as_manager()

    class Meta:
        verbose_name = _("refusals of a day")
        verbose_name_plural = _("refusals by day")
        constraints = [
            models.UniqueConstraint(
                fields=["day", "rule", "action", "purpose", "country", "watched"], name="lanck_refusals_of_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.rule}: {self.count}"
