from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from .time import DatabaseNow


class Lease(models.Model):
    """The right to do one kind of background work, of one holder at a time, until a time by the database's clock."""

    name = models.CharField(_("work"), max_length=40, primary_key=True)
    holder = models.CharField(_("holder"), max_length=64, blank=True)
    ends_at = models.DateTimeField(_("until"), db_default=DatabaseNow())

    class Meta:
        verbose_name = _("lease")
        verbose_name_plural = _("leases")

    def __str__(self) -> str:
        return self.name
