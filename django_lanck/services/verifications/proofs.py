"""What a proof buys: the number it proves, once, and the claim of a user on it."""

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
from .binding import binding_hashes
from .check import proof_hash
from .fixed_codes import is_of_staff, is_staff

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser


@sensitive_variables()
def redeem_proof(*, proof: str, purpose: str = "signup", binding: str | Sequence[str] = "") -> str:
    """Spend a proof and return the number it proves, in E.164. A signup uses this number and no other.

    One conditional UPDATE in the caller's transaction: if that is rolled back, the proof is unspent. Raises Refusal
    ``invalid_proof`` for one that is unknown, spent, too old, for another purpose or of another session.
    """
    hashed = proof_hash(proof)
    if not Verification.objects.redeem(proof_hash=hashed, purpose=purpose, binding_hashes=binding_hashes(binding)):
        raise Refusal("invalid_proof")
    number, is_test = Verification.objects.values_list("number", "is_test").get(proof_hash=hashed)
    if is_test and is_of_staff(number):
        raise Refusal("invalid_proof")  # of a code that everybody knows
    return number


@sensitive_variables()
def number_of_proof(*, proof: str, purpose: str = "signup", binding: str | Sequence[str] = "") -> str:
    """The number that a proof proves, in E.164. It is not spent: for a page that asks something before.

    Raises Refusal ``invalid_proof`` where :func:`redeem_proof` would.
    """
    unspent = Verification.objects.unspent(
        proof_hash=proof_hash(proof), purpose=purpose, binding_hashes=binding_hashes(binding)
    )
    number = unspent.values_list("number", flat=True).first()
    if number is None:
        raise Refusal("invalid_proof")
    return number


@sensitive_variables()
def claim_number(*, user: AbstractBaseUser, proof: str) -> VerifiedNumber:
    """Make the user the owner of the number that a redeemed proof proved; call it in the same transaction.

    A number has one owner. A newer proof takes it over from another user, with the signal ``number_taken_over`` once
    the transaction is committed. Raises Refusal ``invalid_proof`` for a proof that was not redeemed, ``newer_claim``
    when somebody else's proof is newer.
    """
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
    """Spend a proof for a user whose number is now the one that it proves; they have no other number after it.

    One transaction, and one of a user at a time: of two changes at once the later one holds. Raises Refusal as
    :func:`redeem_proof` and :func:`claim_number`; the earlier number stays theirs then.
    """

    def change() -> VerifiedNumber:
        redeem_proof(proof=proof, purpose=purpose, binding=binding)
        get_user_model()._default_manager.select_for_update().filter(pk=user.pk).first()
        claim = claim_number(user=user, proof=proof)
        # Held first: somebody may take one over at this moment, and then it is not to be deleted.
        for other in VerifiedNumber.objects.select_for_update().filter(user_id=user.pk).exclude(pk=claim.pk):
            other.delete()
        return claim

    return retry_transaction(change)  # two who change to each other's number wait for one another


def verified_number_of(user: AbstractBaseUser | AnonymousUser) -> VerifiedNumber | None:
    """The number that a user proved last, if they own any."""
    if not user.is_authenticated:
        return None
    return VerifiedNumber.objects.filter(user_id=user.pk).order_by("-verified_at").first()


def owner_of(number: str) -> AbstractBaseUser | None:
    """The user whose number it is, in E.164; None for a number that nobody proved."""
    claim = VerifiedNumber.objects.filter(number=number).select_related("user").first()
    return claim.user if claim else None


def _claim(verification: Verification, user: AbstractBaseUser) -> VerifiedNumber | None:
    row = VerifiedNumber.objects.filter(number=verification.number)
    old = row.select_for_update().first()
    if old is None:
        old = VerifiedNumber.objects.insert_or_lock(verification, user.pk)
    if old.verification_id == verification.pk and old.user_id == user.pk:
        return old
    if not row.take_over(verification, user.pk):
        # Their own row rests on a newer proof of theirs.
        return old if old.user_id == user.pk else None
    claim = row.get()
    if old.user_id != user.pk:
        announce = partial(
            signals.number_taken_over.send_robust,
            VerifiedNumber,
            verified_number=claim,
            old_user_id=old.user_id,
            new_user_id=user.pk,
        )
        transaction.on_commit(announce, robust=True)
    return claim
