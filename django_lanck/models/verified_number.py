from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connections, models
from django.utils.translation import gettext_lazy as _

from .number import NUMBER_LENGTH, mask_number
from .verification import Verification


class VerifiedNumberQuerySet(models.QuerySet["VerifiedNumber"]):
    def insert_or_lock(self, verification: Verification, user_id: Any) -> VerifiedNumber:
        """Insert the claim, or lock the one that another process inserted; return the stored row.

        An upsert that changes nothing, because on MariaDB a failed INSERT leaves a shared lock, and two processes that
        both hold one and then update deadlock.
        """
        claim = VerifiedNumber(
            number=verification.number,
            user_id=user_id,
            verification=verification,
            verified_at=verification.ended_at,  # type: ignore[misc]
        )
        self.insert_missing([claim])
        return self.get(number=verification.number)

    def insert_missing(self, claims: Iterable[VerifiedNumber]) -> None:
        """Insert the claims whose numbers have no row, and lock the rows of the others as they are."""
        targets = connections[self.db].features.supports_update_conflicts_with_target
        self.bulk_create(
            claims, update_conflicts=True, update_fields=["number"], unique_fields=["number"] if targets else None
        )

    def locked(self, numbers: Iterable[str]) -> dict[str, VerifiedNumber]:
        """Lock the rows of the numbers, in one order so that two processes do not wait for each other."""
        rows = self.select_for_update().filter(number__in=list(numbers)).order_by("number")
        return {row.number: row for row in rows}

    def take_over(self, verification: Verification, user_id: object) -> bool:
        """Move the claim to the user if the verification is newer than that of the claim."""
        return bool(
            self.filter(number=verification.number, verified_at__lt=verification.ended_at).update(
                user_id=user_id, verification=verification, verified_at=verification.ended_at
            )
        )


class VerifiedNumber(models.Model):
    """The claim of a user on a number. A number has one owner, the user with the newest proof."""

    number = models.CharField(_("number"), max_length=NUMBER_LENGTH, unique=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        related_name="verified_numbers",
    )
    verification = models.ForeignKey(
        Verification,
        verbose_name=_("verification"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    verified_at = models.DateTimeField(_("verified"))
    # Not columns. On the row that claim_number() returns: whether another user had the number before, which user that
    # was, and since when the user of the row had it before.
    taken_over = False
    former_owner_id: Any = None
    owned_since: datetime | None = None
    # Not a column: the reason that number_changed gives when the row is deleted.
    loss_reason = "removal"

    objects = VerifiedNumberQuerySet.as_manager()

    class Meta:
        verbose_name = _("verified number")
        verbose_name_plural = _("verified numbers")
        ordering = ["-verified_at"]
        indexes = [models.Index(fields=["verified_at"], name="lanck_number_verified")]

    def __str__(self) -> str:
        return mask_number(self.number)

    @property
    def masked_number(self) -> str:
        return mask_number(self.number)
