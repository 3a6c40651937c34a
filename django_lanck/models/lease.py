from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from .time import DatabaseNow, seconds_from_now


class LeaseQuerySet(models.QuerySet["Lease"]):
    """``holder`` is unique for each run, so that a late run cannot be mistaken for the run that replaced it."""

    def acquire(self, name: str, holder: str, seconds: float) -> bool:
        """Acquire a lease that is free or has ended, and return whether that succeeded."""
        self.bulk_create([Lease(name=name)], ignore_conflicts=True)
        free = self.filter(name=name, ends_at__lte=DatabaseNow())
        return bool(free.update(holder=holder, ends_at=seconds_from_now(seconds)))

    def renew(self, name: str, holder: str, seconds: float) -> bool:
        """Extend a lease, even one that has ended; return False if another holder has acquired it."""
        return bool(self.filter(name=name, holder=holder).update(ends_at=seconds_from_now(seconds)))

    def release(self, name: str, holder: str) -> None:
        self.filter(name=name, holder=holder).update(holder="", ends_at=DatabaseNow())


class Lease(models.Model):
    """The right of one holder at a time to do a kind of background work, until ``ends_at`` by the database's clock."""

    name = models.CharField(_("work"), max_length=40, primary_key=True)
    holder = models.CharField(_("holder"), max_length=64, blank=True)
    ends_at = models.DateTimeField(_("until"), db_default=DatabaseNow())

    objects = LeaseQuerySet.as_manager()

    class Meta:
        verbose_name = _("lease")
        verbose_name_plural = _("leases")

    def __str__(self) -> str:
        return self.name
