"""Claims: which user owns which number. A number has one owner, the user with the newest proof."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from ... import signals
from ...exceptions import Refusal
from ...models import Verification, VerifiedNumber
from ..batches import retry_transaction
from ..numbers import number_as_kept
from .fixed_codes import is_staff
from .number_changes import CHANGE, TAKEOVER, announce_change, announce_loss
from .proofs import proof_hash, redeem_proof

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser


@sensitive_variables()
def claim_number(*, user: AbstractBaseUser, proof: str) -> VerifiedNumber:
    """Make the user the owner of the number that a redeemed proof proved; call it in the same transaction.

    A number has one owner. A newer proof takes it over from another user, with the signal ``number_taken_over`` once
    the transaction is committed; ``taken_over`` of the returned row is True then. ``number_changed`` is sent for both
    users. Raises Refusal ``invalid_proof`` for a proof that was not redeemed, ``newer_claim`` when another user's proof
    is newer.
    """
    before = verified_number_of(user)
    claim = claim_proved(user=user, proof=proof)
    if before is None or claim.number != before.number:
        announce_change(user, before.number if before else "", claim.number, CHANGE)
    return claim


@sensitive_variables()
def claim_proved(*, user: AbstractBaseUser, proof: str) -> VerifiedNumber:
    """Do what :func:`claim_number` does, but send ``number_changed`` only for the user who loses the number."""
    try:
        verification = Verification.objects.get(
            proof_hash=proof_hash(proof), proof_redeemed_at__isnull=False, state=Verification.State.VERIFIED
        )
    except Verification.DoesNotExist:
        raise Refusal("invalid_proof") from None
    if verification.is_test and is_staff(user):
        raise Refusal("invalid_proof")
    with transaction.atomic():
        claim = _claim(verification, user)
    if claim is None:
        raise Refusal("newer_claim")
    return claim


@sensitive_variables()
def change_number(
    *, user: AbstractBaseUser, proof: str, purpose: str = "change_number", binding: str | Sequence[str] = ""
) -> VerifiedNumber:
    """Spend a proof and make its number the only number of the user.

    One transaction, and one of a user at a time: of two concurrent changes the later one holds. ``taken_over`` of the
    returned row is True where another account had the number. Afterwards ``number_changed`` is sent, and with
    ``NOTIFY_FORMER_NUMBER`` a text to the previous number. Raises Refusal as :func:`redeem_proof` and
    :func:`claim_number`; then the user's previous number stays theirs.
    """

    def change() -> VerifiedNumber:
        redeem_proof(proof=proof, purpose=purpose, binding=binding)
        get_user_model()._default_manager.select_for_update().filter(pk=user.pk).first()
        claim = claim_proved(user=user, proof=proof)
        # Locked before they are deleted: another user may take one over at this moment.
        rows = VerifiedNumber.objects.select_for_update().filter(user_id=user.pk).exclude(pk=claim.pk)
        others = list(rows.order_by("-verified_at"))
        if others and (claim.owned_since is None or claim.owned_since < others[0].verified_at):
            others[0].loss_reason = CHANGE
        elif claim.owned_since is None:
            announce_change(user, "", claim.number, CHANGE)
        for other in others:
            other.delete()  # sends number_changed
        return claim

    return retry_transaction(change)  # retries the deadlock of two users who change to each other's number


def verified_number_of(user: AbstractBaseUser | AnonymousUser) -> VerifiedNumber | None:
    """Return the number that a user proved last, or None."""
    if not user.is_authenticated:
        return None
    return VerifiedNumber.objects.filter(user_id=user.pk).order_by("-verified_at").first()


def owner_of(number: str) -> AbstractBaseUser | None:
    """Return the user who owns a number, in any spelling with its country code, or None."""
    try:
        stored = number_as_kept(number)
    except Refusal:
        return None
    claim = VerifiedNumber.objects.filter(number=stored).select_related("user").first()
    return claim.user if claim else None


def _claim(verification: Verification, user: AbstractBaseUser) -> VerifiedNumber | None:
    """Insert or update the claim on the number; None where another user's claim is newer."""
    row = VerifiedNumber.objects.filter(number=verification.number)
    old = row.select_for_update().first()
    if old is None:
        old = VerifiedNumber.objects.insert_or_lock(verification, user.pk)
        if old.verification_id == verification.pk and old.user_id == user.pk:
            return old
    elif old.user_id == user.pk:
        old.owned_since = old.verified_at
        if old.verification_id == verification.pk:
            return old
    if not row.take_over(verification, user.pk):
        # The user's own row may rest on a newer proof of theirs.
        return old if old.user_id == user.pk else None
    claim = row.get()
    claim.owned_since = old.owned_since
    if old.user_id != user.pk:
        claim.taken_over, claim.former_owner_id = True, old.user_id
        announce = partial(
            signals.number_taken_over.send_robust,
            VerifiedNumber,
            verified_number=claim,
            old_user_id=old.user_id,
            new_user_id=user.pk,
        )
        transaction.on_commit(announce, robust=True)
        announce_loss(old.user_id, claim.number, TAKEOVER)
    return claim
