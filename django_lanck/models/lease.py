from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from .time import DatabaseNow, seconds_from_now


class LeaseQuerySet(models.QuerySet["Lease"]):
    """``holder`` has to be another one each time: it tells a runner that was late from the one who took its place."""

    def take(self, name: str, holder: str, seconds: float) -> bool:
        """Take a lease that is free or over; True for the one who did."""
        self.bulk_create([Lease(name=name)], ignore_conflicts=True)
        free = self.filter(name=name, ends_at__lte=DatabaseNow())
        return bool(free.update(holder=holder, ends_at=seconds_from_now(seconds)))

    def renew(self, name: str, holder: str, seconds: float) -> bool:
        """Hold a lease on, also one that is over while nobody took it; False once somebody did."""
        return bool(self.filter(name=name, holder=holder).update(ends_at=seconds_from_now(seconds)))

    def give_back(self, name: str, holder: str) -> None:
        self.filter(name=name, holder=holder).update(holder="", ends_at=DatabaseNow())


class Lease(models.Model):
    """The right to do one kind of background work, of one holder at a time, until a time by the database's clock."""

    name = models.CharField(_("work"), max_length=40, primary_key=True)
    holder = models.CharField(_("holder"), max_length=64, blank=True)
    ends_at = models.DateTimeField(_("until"), db_default=DatabaseNow())

    objects = LeaseQuerySet.as_manager()

    class Meta:
        verbose_name = _("lease")
        verbose_name_plural = _("leases")

    def __str__(self) -> str:
        return self.name
