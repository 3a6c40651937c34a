from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from .number import NUMBER_LENGTH, mask_number
from .time import DatabaseNow, seconds_from_now

LANGUAGE_LENGTH = 10


class VerificationQuerySet(models.QuerySet["Verification"]):
    """Changes of state. Each is one conditional UPDATE, so that one of several processes succeeds."""

    def open(self) -> VerificationQuerySet:
        """Return the verifications that are pending and not expired."""
        return self.filter(state=Verification.State.PENDING, expires_at__gt=DatabaseNow())

    def spend_attempt(self) -> bool:
        return bool(self.open().filter(attempts__lt=F("max_attempts")).update(attempts=F("attempts") + 1))

    def refund_attempt(self) -> None:
        self.filter(state=Verification.State.PENDING, attempts__gt=0).update(attempts=F("attempts") - 1)

    def count_failure(self, *, likely_last: bool) -> bool:
        """Count one wrong code; return True for the last one that is allowed, which ends the verification.

        Attempts whose answer is pending are not counted, because one of them may be right. ``likely_last`` only
        selects which of the two statements runs first.
        """
        pending = self.filter(state=Verification.State.PENDING)
        last = Q(failures__gte=F("max_attempts") - 1)

        def count() -> int:
            return pending.filter(~last).update(failures=F("failures") + 1)

        def exhaust() -> int:
            return pending.filter(last).update(
                failures=F("failures") + 1, state=Verification.State.EXHAUSTED, ended_at=DatabaseNow()
            )

        if likely_last:
            return bool(exhaust()) or (not count() and bool(exhaust()))
        return not count() and bool(exhaust())

    def claim_resend(self, *, resends: int, method: str, wait: int | None, lifetime: int) -> bool:
        """Count one resend and set its times; return False if another process resent or ended the verification."""
        return bool(
            self.open()
            .filter(resends=resends, resend_at__lte=DatabaseNow(), attempts__lt=F("max_attempts"))
            .update(
                resends=resends + 1,
                method=method,
                resend_at=None if wait is None else seconds_from_now(wait),
                expires_at=seconds_from_now(lifetime),
            )
        )

    def undo_resend(self, before: Verification) -> None:
        """Restore the values of ``before`` after a resend that was not sent."""
        self.filter(state=Verification.State.PENDING, resends=before.resends + 1).update(
            resends=before.resends,
            method=before.method,
            resend_at=before.resend_at,
            expires_at=before.expires_at,
        )

    def verify(self, *, proof_hash: str, proof_lifetime: int) -> bool:
        return bool(
            self.filter(state=Verification.State.PENDING).update(
                state=Verification.State.VERIFIED,
                ended_at=DatabaseNow(),
                proof_hash=proof_hash,
                proof_expires_at=seconds_from_now(proof_lifetime),
            )
        )

    def expire(self) -> bool:
        return bool(
            self.filter(state=Verification.State.PENDING, expires_at__lte=DatabaseNow()).update(
                state=Verification.State.EXPIRED, ended_at=DatabaseNow()
            )
        )

    def overdue(self) -> VerificationQuerySet:
        return self.filter(state=Verification.State.PENDING, expires_at__lte=DatabaseNow()).order_by("expires_at")

    def cancel(self) -> bool:
        return bool(
            self.filter(state=Verification.State.PENDING).update(
                state=Verification.State.CANCELED, ended_at=DatabaseNow()
            )
        )

    def with_valid_proof(
        self, *, proof_hash: str, purpose: str, binding_hashes: Collection[str]
    ) -> VerificationQuerySet:
        return self.filter(
            proof_hash=proof_hash,
            purpose=purpose,
            binding_hash__in=binding_hashes,
            proof_expires_at__gt=DatabaseNow(),
            proof_redeemed_at=None,
        )

    def redeem(self, *, proof_hash: str, purpose: str, binding_hashes: Collection[str]) -> bool:
        rows = self.with_valid_proof(proof_hash=proof_hash, purpose=purpose, binding_hashes=binding_hashes)
        return bool(rows.update(proof_redeemed_at=DatabaseNow()))


class Verification(models.Model):
    """One person proving one number for one purpose, with all its attempts and resends."""

    class State(models.TextChoices):
        PENDING = "pending", _("pending")
        VERIFIED = "verified", _("verified")
        EXPIRED = "expired", _("expired")
        EXHAUSTED = "exhausted", _("too many wrong codes")
        CANCELED = "canceled", _("canceled")

    class CodeSource(models.TextChoices):
        LANCK = "lanck", _("LANCK")
        SITE = "site", _("this site")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.CharField(_("number"), max_length=NUMBER_LENGTH)
    purpose = models.CharField(_("purpose"), max_length=50)
    method = models.CharField(_("method"), max_length=20)
    code_source = models.CharField(
        _("code made by"), max_length=5, choices=CodeSource.choices, default=CodeSource.LANCK
    )
    language = models.CharField(_("language"), max_length=LANGUAGE_LENGTH, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    binding_hash = models.CharField(max_length=64, blank=True, editable=False)
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.PENDING)

    is_test = models.BooleanField(_("test number"), default=False, db_default=False, editable=False)

    code_length = models.PositiveSmallIntegerField(_("code length"))
    max_attempts = models.PositiveSmallIntegerField(_("attempts allowed"))
    attempts = models.PositiveSmallIntegerField(_("attempts spent"), default=0)
    failures = models.PositiveSmallIntegerField(_("wrong codes"), default=0)
    resends = models.PositiveSmallIntegerField(_("resends"), default=0)

    created_at = models.DateTimeField(_("started"), db_default=DatabaseNow())
    expires_at = models.DateTimeField(_("expires"))
    resend_at = models.DateTimeField(_("resend from"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)

    proof_hash = models.CharField(max_length=64, null=True, unique=True, editable=False)  # noqa: DJ001 (unique)
    proof_expires_at = models.DateTimeField(_("proof expires"), null=True)
    proof_redeemed_at = models.DateTimeField(_("proof redeemed"), null=True)

    objects = VerificationQuerySet.as_manager()

    # The database's time when the row was read, if the query has it.
    now: datetime

    class Meta:
        verbose_name = _("verification")
        verbose_name_plural = _("verifications")
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["number", "created_at"], name="lanck_verif_number"),
            models.Index(fields=["state", "expires_at"], name="lanck_verif_state"),
            models.Index(fields=["created_at", "id"], name="lanck_verif_created"),
        ]
        permissions = [
            ("view_number", _("Can see whole phone numbers")),
            ("forget_number", _("Can forget phone numbers")),
        ]

    def __str__(self) -> str:
        return f"{mask_number(self.number)} ({self.purpose})"

    @property
    def masked_number(self) -> str:
        return mask_number(self.number)

    @property
    def attempts_left(self) -> int:
        return max(self.max_attempts - self.attempts, 0)

    @property
    def current_state(self) -> str:
        """The state, with ``expired`` for a pending verification whose ``expires_at`` has passed."""
        now = getattr(self, "now", None) or timezone.now()
        if self.state == self.State.PENDING and self.expires_at <= now:
            return self.State.EXPIRED
        return self.state

    @cached_property
    def newest_message(self) -> Any:  # a Message or None; that module imports this one
        return self.messages.order_by("-pk").first()

    @property
    def delivery(self) -> str:
        """The status of the newest message, or an empty string. LANCK's are upper case, this app's own lower case."""
        return self.newest_message.status if self.newest_message else ""
