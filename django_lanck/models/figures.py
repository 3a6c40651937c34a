"""Stored figures of past days, so that the figures of a month cost the same with a million messages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db import connections, models
from django.utils.translation import gettext_lazy as _


class CountedDayQuerySet(models.QuerySet["CountedDay"]):
    """Writing the row of a day locks it until the end of the transaction.

    So a concurrent change is either read by the count that is running, or waits and marks the day afterwards. For the
    same reason a day that is not counted yet has a row too, and a mark that is already set is written again.
    """

    def mark(self, days: Iterable[date]) -> None:
        """Mark days as changed, in the transaction of the change. Locks the rows in the order of the days."""
        for day in sorted(days):
            self._write(CountedDay(day=day, is_dirty=True))

    def claim(self, day: date) -> CountedDay:
        """Remove the mark, lock the row until the end of the transaction, and return it."""
        self._write(CountedDay(day=day, is_dirty=False))
        return self.get(day=day)

    def close(self, until: date) -> None:
        """Make the figures of the counted days up to this one final, before their rows are deleted."""
        self.filter(day__lte=until, is_closed=False, counted_at__isnull=False).update(is_closed=True)

    def _write(self, row: CountedDay) -> None:
        targets = connections[self.db].features.supports_update_conflicts_with_target
        self.bulk_create(
            [row], update_conflicts=True, update_fields=["is_dirty"], unique_fields=["day"] if targets else None
        )


class CountedDay(models.Model):
    """A day whose figures are counted, or that changed before it was counted.

    ``is_dirty``: its rows changed since the count. ``is_closed``: its figures are final, because its rows are deleted.
    """

    day = models.DateField(_("day"), primary_key=True)
    counted_at = models.DateTimeField(_("counted"), null=True, blank=True)
    is_dirty = models.BooleanField(_("changed since"), default=False)
    is_closed = models.BooleanField(_("final"), default=False)

    objects = CountedDayQuerySet.as_manager()

    class Meta:
        verbose_name = _("counted day")
        verbose_name_plural = _("counted days")

    def __str__(self) -> str:
        return str(self.day)


class DeliveryDay(models.Model):
    """The counts of one day's messages and verifications of one purpose, channel, country and network.

    A row belongs to the day on which it was created, in the site's time zone. A verification has the channel, country
    and network of its newest message; a message without a verification has no purpose. ``delivery_seconds`` and
    ``proof_seconds`` are histograms: bucket → count.
    """

    day = models.DateField(_("day"))
    purpose = models.CharField(_("purpose"), max_length=50, blank=True)
    channel = models.CharField(_("channel"), max_length=20)
    country = models.CharField(_("country"), max_length=2, blank=True)
    mccmnc = models.CharField(_("network code"), max_length=6, blank=True)
    network = models.CharField(_("network"), max_length=100, blank=True)

    # Verifications. Each is counted in the columns of all steps that it reached.
    started = models.PositiveIntegerField(_("started"), default=0)
    reached_lanck = models.PositiveIntegerField(_("taken by LANCK"), default=0)
    reached_phone = models.PositiveIntegerField(_("delivered"), default=0)
    verified = models.PositiveIntegerField(_("verified"), default=0)
    proof_seconds = models.JSONField(_("seconds until verified"), default=dict)

    # Messages. Each accepted one is in ``accepted``, and in ``delivered`` or ``undelivered`` once it is final.
    messages = models.PositiveIntegerField(_("messages"), default=0)
    refused = models.PositiveIntegerField(_("refused"), default=0)
    unknown = models.PositiveIntegerField(_("unknown whether sent"), default=0)
    accepted = models.PositiveIntegerField(_("accepted by LANCK"), default=0)
    delivered = models.PositiveIntegerField(_("delivered"), default=0)
    undelivered = models.PositiveIntegerField(_("not delivered"), default=0)
    delivery_seconds = models.JSONField(_("seconds until delivered"), default=dict)
    priced = models.PositiveIntegerField(_("with a price"), default=0)
    cost = models.DecimalField(_("cost"), max_digits=18, decimal_places=6, default=0)

    class Meta:
        verbose_name = _("delivery of a day")
        verbose_name_plural = _("delivery")
        default_permissions = ()
        permissions = [("view_delivery", _("Can see the figures of deliveries"))]
        constraints = [
            models.UniqueConstraint(
                fields=["day", "purpose", "channel", "country", "mccmnc"], name="lanck_delivery_of_day"
            )
        ]

    def __str__(self) -> str:
        return " ".join(filter(None, [str(self.day), self.purpose, self.channel, self.country, self.mccmnc]))


class DayCount(models.Model):
    """The number of fraud checks with one status on a day, or of one of LANCK's errors in one hour of it."""

    class Kind(models.TextChoices):
        FRAUD = "fraud", _("fraud state")
        ERROR = "error", _("error of LANCK's")

    day = models.DateField(_("day"))
    kind = models.CharField(_("kind"), max_length=5, choices=Kind.choices)
    word = models.CharField(_("what"), max_length=32, help_text=_("LANCK's word for a state, or its code of an error."))
    country = models.CharField(_("country"), max_length=2, blank=True)
    hour = models.PositiveSmallIntegerField(_("hour"), default=0)
    count = models.PositiveIntegerField(_("count"), default=0)

    class Meta:
        verbose_name = _("count of a day")
        verbose_name_plural = _("counts by day")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["day", "kind", "word", "country", "hour"], name="lanck_count_of_day")
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.kind} {self.word}: {self.count}"
