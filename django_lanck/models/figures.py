"""The figures of days that are over, so that what happened in a month costs the same at a million messages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db import connections, models
from django.utils.translation import gettext_lazy as _


class CountedDayQuerySet(models.QuerySet["CountedDay"]):
    """Whoever writes the row of a day holds it until the end of the transaction, and others who want to wait.

    So a change is either seen by the count that runs, or marks the day after it. That needs a row also for a day that
    was not counted yet, and a mark that is set again where it is.
    """

    def mark(self, days: Iterable[date]) -> None:
        """Say, in the transaction of a change, that something of these days changed. In the order of the days."""
        for day in sorted(days):
            self._write(CountedDay(day=day, is_dirty=True))

    def claim(self, day: date) -> CountedDay:
        """Take away the mark and hold the row until the transaction's end; the row as it is then."""
        self._write(CountedDay(day=day, is_dirty=False))
        return self.get(day=day)

    def close(self, until: date) -> None:
        """The rows of the days up to this one begin to be erased: what was counted of them stays as it is."""
        self.filter(day__lte=until, is_closed=False, counted_at__isnull=False).update(is_closed=True)

    def _write(self, row: CountedDay) -> None:
        targets = connections[self.db].features.supports_update_conflicts_with_target
        self.bulk_create(
            [row], update_conflicts=True, update_fields=["is_dirty"], unique_fields=["day"] if targets else None
        )


class CountedDay(models.Model):
    """A day whose figures were counted.

    ``is_dirty``: something changed since; ``is_closed``: its rows begin to be erased, so the figures stay as they are.
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
    """What became of one day's messages and verifications of one purpose, channel, country and network.

    The day is that of the row's start in the site's time zone. A verification counts as what its newest message is; a
    message of no verification has no purpose. ``delivery_seconds`` and ``proof_seconds`` are histograms: bucket →
    count.
    """

    day = models.DateField(_("day"))
    purpose = models.CharField(_("purpose"), max_length=50, blank=True)
    channel = models.CharField(_("channel"), max_length=20)
    country = models.CharField(_("country"), max_length=2, blank=True)
    mccmnc = models.CharField(_("network code"), max_length=6, blank=True)
    network = models.CharField(_("network"), max_length=100, blank=True)

    # Verifications: each is in all of the columns whose step it reached.
    started = models.PositiveIntegerField(_("started"), default=0)
    reached_lanck = models.PositiveIntegerField(_("taken by LANCK"), default=0)
    reached_phone = models.PositiveIntegerField(_("delivered"), default=0)
    verified = models.PositiveIntegerField(_("verified"), default=0)
    proof_seconds = models.JSONField(_("seconds until verified"), default=dict)

    # Messages: each that LANCK took is in ``accepted``, and in at most one of the columns after it.
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
    """How often something else happened on one day: a fraud state, or an error of LANCK's in one hour."""

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
