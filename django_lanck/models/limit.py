from __future__ import annotations

from django.db import connections, models
from django.utils.translation import gettext_lazy as _

from .time import DatabaseNow, seconds_from_now


class LimitCounterQuerySet(models.QuerySet["LimitCounter"]):
    def once(self, rule: str, key: str, seconds: float) -> bool:
        """Use a window of so many seconds for the one thing that may happen in it; True for the one who may do it.

        Two statements, which need no transaction. A transaction that is rolled back gives it back.
        """
        self.make(rule, key)
        over = self.filter(key=key, ends_at__lte=DatabaseNow())
        return bool(over.update(used=1, ends_at=seconds_from_now(seconds)))

    def make(self, rule: str, key: str) -> None:
        """Make the row of a key unless it is there, with a window that is over.

        On MySQL and MariaDB an ignored INSERT shares a lock on the row that is there, which two transactions cannot
        widen for an UPDATE; one that updates takes it whole.
        """
        row = [LimitCounter(key=key, rule=rule)]
        if connections[self.db].vendor == "mysql":
            self.bulk_create(row, update_conflicts=True, update_fields=["rule"])
        else:
            self.bulk_create(row, ignore_conflicts=True)


class LimitCounter(models.Model):
    """How often something happened in the window of time that is running for it.

    ``key`` is a keyed hash of the limit and of what it counts, so that no number or address is in it. A window begins
    with the first use and ends at ``ends_at``; what is used after that begins the next one. Before ``not_before``
    nothing more is let through.
    """

    key = models.CharField(max_length=32, primary_key=True)
    rule = models.CharField(_("rule"), max_length=40)
    label = models.CharField(_("of"), max_length=20, blank=True, help_text=_("A country or a prefix, never a number."))
    used = models.PositiveIntegerField(_("used"), default=0)
    converted = models.PositiveIntegerField(_("verified"), default=0)
    refused = models.PositiveIntegerField(_("refused"), default=0)
    not_before = models.DateTimeField(_("not before"), db_default=DatabaseNow())
    ends_at = models.DateTimeField(_("window ends"), db_default=DatabaseNow())

    objects = LimitCounterQuerySet.as_manager()

    class Meta:
        verbose_name = _("limit counter")
        verbose_name_plural = _("limit counters")
        indexes = [models.Index(fields=["ends_at"], name="lanck_limit_ends")]

    def __str__(self) -> str:
        return " ".join(filter(None, [self.rule, self.label]))


class RefusalCount(models.Model):
    """How often one rule turned something down on one day; ``watched`` where it would have, but only watches."""

    day = models.DateField(_("day"))
    rule = models.CharField(_("rule"), max_length=40)
    action = models.CharField(_("action"), max_length=10)
    purpose = models.CharField(_("purpose"), max_length=50, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    watched = models.BooleanField(_("only watched"), default=False)
    count = models.PositiveIntegerField(_("count"), default=0)

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
