"""Accounts and proofs: signing up, logging in, changing the number, confirming a user, and who owns a number.

Nothing here logs in: the caller logs in the user that is returned. A number that has an owner never gives access to
that account except by :func:`authenticate_by_proof`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from django.contrib.auth import authenticate, get_user_model
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils.module_loading import import_string
from django.views.decorators.debug import sensitive_variables

from ... import signals
from ...conf import conf
from ...exceptions import Refusal
from ...models import Verification, VerifiedNumber
from ..batches import retry_transaction
from ..transactions import in_transaction
from .binding import binding_for
from .fixed_codes import is_staff
from .proofs import number_of_proof, proof_hash, redeem_proof

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

SIGNUP: Final = "signup"
LOGIN: Final = "login"


def signup_form(data: Mapping[str, Any] | None = None, files: Any = None) -> Any:
    """Return an instance of the form that ``SIGNUP_FORM`` names; unbound without ``data``."""
    form_class = import_string(conf.signup_form)
    return form_class(data, files)


@sensitive_variables()
def sign_up(
    *,
    proof: str,
    data: Mapping[str, Any] | None = None,
    files: Any = None,
    form: Any = None,
    purpose: str = SIGNUP,
    binding: str | Sequence[str] | None = None,
    take_over: bool = False,
    request: HttpRequest | None = None,
    log_in: Callable[[Any], object] | None = None,
) -> AbstractBaseUser:
    """Create the account of a proved number and return its user.

    The site's ``SIGNUP_FORM`` reads ``data`` and ``files`` and builds the user; pass a bound ``form`` instead to show
    its errors. In one transaction the proof is spent, the user saved and the number claimed; after a refusal the proof
    is unspent. ``binding`` defaults to the bindings of ``request``. The signal ``signup_completed`` is sent after the
    commit; ``log_in(user)`` is called before it.

    Raises Refusal: ``invalid_proof``; ``number_taken`` where the number has an owner, unless ``take_over`` moves it to
    the new account; ``newer_claim``; ``invalid_argument`` with the errors of the form; ``duplicate_value`` where
    another account has a value that must be unique; ``invalid_purpose`` for a login's proof on a site without signup.
    """
    spend: dict[str, Any] = {"proof": proof, "purpose": purpose, "binding": _binding(binding, request)}
    number = number_of_proof(**spend)
    if not take_over and owner_of(number):
        raise Refusal("number_taken")
    if purpose == LOGIN and SIGNUP not in conf.purposes:
        raise Refusal("invalid_purpose")
    form = signup_form(data or {}, files) if form is None else form
    if not form.is_valid():
        raise Refusal("invalid_argument", errors={name: list(map(str, errors)) for name, errors in form.errors.items()})
    try:
        with transaction.atomic():
            claim = _create_account(form, spend, take_over=take_over)
    except IntegrityError as error:
        raise Refusal("duplicate_value") from error
    if log_in is not None:
        log_in(claim.user)
    _after_commit(
        partial(
            signals.signup_completed.send_robust,
            type(claim.user),
            user=claim.user,
            verified_number=claim,
            request=request,
        )
    )
    return claim.user


def _create_account(form: Any, spend: Mapping[str, Any], *, take_over: bool) -> VerifiedNumber:
    user = form.build_user(redeem_proof(**spend))
    user.save()
    if save_m2m := getattr(form, "save_m2m", None):
        save_m2m()
    claim = claim_number(user=user, proof=spend["proof"])
    if claim.taken_over and not take_over:  # another account claimed the number after the first check
        raise Refusal("number_taken")
    claim.user = user
    return claim


def login_refusal(user: Any) -> Refusal | None:
    """Return the reason why a code alone does not log this user in, or None."""
    if not user.is_active:
        return Refusal("account_closed")
    if is_staff(user):
        return Refusal("other_login_required")
    return None


@sensitive_variables()
def authenticate_by_proof(
    *,
    proof: str,
    purpose: str = LOGIN,
    binding: str | Sequence[str] | None = None,
    request: HttpRequest | None = None,
    refusal_for: Callable[[Any], Refusal | None] = login_refusal,
) -> AbstractBaseUser:
    """Spend a proof and return the user who owns its number.

    ``binding`` defaults to the bindings of ``request``. ``refusal_for(user)`` returns the reason for refusing a user;
    the proof is spent then too. Raises Refusal: ``invalid_proof``; ``no_account`` where the number has no owner (the
    proof stays unspent); ``account_closed`` and ``other_login_required`` (staff).
    """
    spend: dict[str, Any] = {"proof": proof, "purpose": purpose, "binding": _binding(binding, request)}
    user = owner_of(number_of_proof(**spend))
    if user is None:
        raise Refusal("no_account")
    redeem_proof(**spend)
    if refusal := refusal_for(user):
        raise refusal
    return user


@sensitive_variables()
def confirm_user(
    *, user: AbstractBaseUser, proof: str, purpose: str = "confirm", binding: str | Sequence[str] = ""
) -> None:
    """Spend a proof by which a user confirms who they are.

    Raises Refusal ``invalid_proof``, or ``newer_claim`` where the number is not theirs any more.
    """
    if owner_of(redeem_proof(proof=proof, purpose=purpose, binding=binding)) != user:
        raise Refusal("newer_claim")


@sensitive_variables()
def is_password_of(user: AbstractBaseUser, password: str, *, request: HttpRequest | None = None) -> bool:
    """Return whether the site's authentication backends accept the password for this user.

    The backends' own limits of wrong passwords hold here too.
    """
    return authenticate(request, username=user.get_username(), password=password) == user


@sensitive_variables()
def claim_number(*, user: AbstractBaseUser, proof: str) -> VerifiedNumber:
    """Make the user the owner of the number that a redeemed proof proved; call it in the same transaction.

    A number has one owner. A newer proof takes it over from another user, with the signal ``number_taken_over`` once
    the transaction is committed; ``taken_over`` of the returned row is True then. Raises Refusal ``invalid_proof`` for
    a proof that was not redeemed, ``newer_claim`` when another user's proof is newer.
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
    """Spend a proof and make its number the only number of the user.

    One transaction, and one of a user at a time: of two concurrent changes the later one holds. ``taken_over`` of the
    returned row is True where another account had the number. Raises Refusal as :func:`redeem_proof` and
    :func:`claim_number`; then the user's previous number stays theirs.
    """

    def change() -> VerifiedNumber:
        redeem_proof(proof=proof, purpose=purpose, binding=binding)
        get_user_model()._default_manager.select_for_update().filter(pk=user.pk).first()
        claim = claim_number(user=user, proof=proof)
        # Locked before they are deleted: another user may take one over at this moment.
        for other in VerifiedNumber.objects.select_for_update().filter(user_id=user.pk).exclude(pk=claim.pk):
            other.delete()
        return claim

    return retry_transaction(change)  # retries the deadlock of two users who change to each other's number


def verified_number_of(user: AbstractBaseUser | AnonymousUser) -> VerifiedNumber | None:
    """Return the number that a user proved last, or None."""
    if not user.is_authenticated:
        return None
    return VerifiedNumber.objects.filter(user_id=user.pk).order_by("-verified_at").first()


def owner_of(number: str) -> AbstractBaseUser | None:
    """Return the user who owns a number (E.164), or None."""
    claim = VerifiedNumber.objects.filter(number=number).select_related("user").first()
    return claim.user if claim else None


def _claim(verification: Verification, user: AbstractBaseUser) -> VerifiedNumber | None:
    """Insert or update the claim on the number; None where another user's claim is newer."""
    row = VerifiedNumber.objects.filter(number=verification.number)
    old = row.select_for_update().first()
    if old is None:
        old = VerifiedNumber.objects.insert_or_lock(verification, user.pk)
    if old.verification_id == verification.pk and old.user_id == user.pk:
        return old
    if not row.take_over(verification, user.pk):
        # The user's own row may rest on a newer proof of theirs.
        return old if old.user_id == user.pk else None
    claim = row.get()
    if old.user_id != user.pk:
        claim.taken_over = True
        announce = partial(
            signals.number_taken_over.send_robust,
            VerifiedNumber,
            verified_number=claim,
            old_user_id=old.user_id,
            new_user_id=user.pk,
        )
        transaction.on_commit(announce, robust=True)
    return claim


def _binding(binding: str | Sequence[str] | None, request: HttpRequest | None) -> str | Sequence[str]:
    if binding is not None:
        return binding
    return "" if request is None else binding_for(request)


def _after_commit(send: Callable[[], object]) -> None:
    """Call ``send`` now, or after the commit of the transaction that the caller has open."""
    if in_transaction():
        transaction.on_commit(send, robust=True)
    else:
        send()
