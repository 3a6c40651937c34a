"""One check of a code: the attempt that it spends, and how it ends."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils.functional import SimpleLazyObject

from ... import signals
from ...conf import conf
from ...exceptions import Refusal
from ...guard import Admission, Attempt, admit, refund_check
from ...models import DatabaseNow, Goal, Message, Verification, VerificationQuerySet
from ..figures.days import mark_changed_days
from .lookup import refusal_code
from .proofs import proof_hash


class _NoAttemptLeft(Exception):
    """The verification has ended, or its attempts are used up."""


@dataclass(slots=True)
class Check:
    """One check. ``digits`` are those that the person typed, or None if they cannot be a code.

    Each method raises Refusal where the check ends.
    """

    verification: Verification
    attempt: Attempt
    digits: str | None = field(repr=False)
    admission: Admission = field(default_factory=Admission)

    @property
    def row(self) -> VerificationQuerySet:
        return Verification.objects.filter(pk=self.verification.pk)

    def valid_digits(self) -> str:
        """Return the digits of a check that may spend an attempt."""
        self.raise_if_ended()
        if self.digits is None:
            raise Refusal("invalid_code")
        return self.digits

    def raise_if_ended(self) -> None:
        """Raise Refusal if the verification has ended. An expiry is stored, once, with its signal."""
        verification = self.verification
        refused = refusal_code(verification)
        expires_now = refused == "expired" and verification.state == Verification.State.PENDING
        if expires_now and self.row.expire():
            verification.state = Verification.State.EXPIRED
            signals.verification_failed.send_robust(Verification, verification=verification, reason="expired")
        if refused is None and verification.attempts_left == 0:
            refused = "exhausted"
        if refused:
            raise Refusal(refused)

    def spend(self) -> None:
        """Spend an attempt and one of each limit of wrong codes: all or nothing."""

        def spend_attempt() -> None:
            if not self.row.spend_attempt():
                raise _NoAttemptLeft

        try:
            _, self.admission = admit(self.attempt, spend_attempt)
        except _NoAttemptLeft:
            raise self._conflict() from None
        self.verification.attempts += 1

    def refund(self) -> None:
        """Refund the attempt and the limits: the code was not compared."""
        self.row.refund_attempt()
        self.admission.refund()

    def succeed(self, site_code: Message | None = None) -> str:
        """Verify, and return the proof. ``site_code`` is the message with the site's code, whose goal is reached."""
        verification, proof = self.verification, secrets.token_urlsafe(32)
        lifetime = conf.profile_of_started(verification.purpose).proof_lifetime
        with transaction.atomic(durable=True):
            verified = self.row.verify(proof_hash=proof_hash(proof), proof_lifetime=lifetime)
            if verified and site_code:
                Message.objects.filter(pk=site_code.pk).reach_goal(Goal.NUMBER_VERIFIED)
            if verified:
                mark_changed_days(verification.created_at)
        if not verified:
            raise self._conflict()
        verification.state = Verification.State.VERIFIED
        refund_check(self.attempt, self.admission)
        signals.number_verified.send_robust(
            Verification, verification=verification, number=verification.number, user=_user_of(verification)
        )
        return proof

    def fail(self) -> Refusal:
        """Count a wrong code; return the refusal ``invalid_code``, or ``exhausted`` for the last attempt."""
        verification = self.verification
        is_last = verification.failures + 1 >= verification.max_attempts
        if not self.row.count_failure(likely_last=is_last):
            return Refusal("invalid_code")
        verification.state = Verification.State.EXHAUSTED
        signals.verification_failed.send_robust(Verification, verification=verification, reason="exhausted")
        return Refusal("exhausted")

    def read_again(self) -> None:
        """Read the verification from the database. Raises Refusal ``not_found`` if it was deleted."""
        rows = Verification.objects.annotate(now=DatabaseNow())  # type: ignore[no-redef]
        try:
            self.verification.refresh_from_db(from_queryset=rows)
        except Verification.DoesNotExist:  # its number was forgotten
            raise Refusal("not_found") from None

    def _conflict(self) -> Refusal:
        """Return the refusal for an UPDATE that changed no row, because another request was faster."""
        self.read_again()
        try:
            self.raise_if_ended()
        except Refusal as refusal:
            return refusal
        return Refusal("exhausted")


def _user_of(verification: Verification) -> Any:
    # Lazy: most receivers do not read it, and the user may have been deleted.
    users = get_user_model()._default_manager
    return verification.user_id and SimpleLazyObject(users.filter(pk=verification.user_id).first)
