"""Accounts and proofs: signing up, logging in, confirming a user. All rules about them are here.

Nothing here logs in: the caller logs in the user that is returned. A number that has an owner never gives access to
that account except by :func:`authenticate_by_proof`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from django.contrib.auth import SESSION_KEY, authenticate, get_user_model
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from ... import signals
from ...conf import conf
from ...exceptions import Refusal
from ...models import VerifiedNumber
from ..batches import retry_transaction
from ..transactions import in_transaction
from .binding import binding_for, has_token
from .claims import claim_proved, owner_of
from .fixed_codes import is_staff
from .number_changes import announce_change
from .proofs import number_of_proof, redeem_proof
from .recent_authentication import is_recently_authenticated
from .signup_forms import random_username

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

SIGNUP: Final = "signup"
LOGIN: Final = "login"
# The SQLSTATE of PostgreSQL and the error number of MySQL for a value that has to be unique.
DUPLICATE: Final = frozenset(["23505", 1062])


def default_account_guard(user: Any, purpose: str) -> Refusal | None:
    """Refuse access to closed accounts and to those of staff. It applies unless ``ACCOUNT_GUARD`` is set."""
    if not user.is_active:
        return Refusal("account_closed")
    if is_staff(user):
        return Refusal("other_login_required")
    return None


def account_refusal(user: Any, purpose: str) -> Refusal | None:
    """Ask ``ACCOUNT_GUARD`` why a proof of the user's number is refused; None where it is not.

    ``purpose`` is that of the proof for a login, and ``"signup"`` for every signup with a number that the user owns.
    """
    guard: Callable[[Any, str], Refusal | None]
    guard = import_string(conf.account_guard) if conf.account_guard else default_account_guard
    return guard(user, purpose)


def signup_refusal(number: str, *, take_over: bool = False) -> Refusal | None:
    """Return why a signup with a proved number (E.164) is refused, or None.

    The account of the number may be refused by the guard; else it is ``number_taken``, unless the signup takes over.
    """
    owner = owner_of(number)
    return None if owner is None else _refusal_for_owner(owner, take_over=take_over)


def _refusal_for_owner(owner: Any, *, take_over: bool) -> Refusal | None:
    return account_refusal(owner, SIGNUP) or (None if take_over else Refusal("number_taken"))


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
    is unspent. ``binding`` defaults to the bindings of ``request``. The signals ``number_changed`` and
    ``signup_completed`` are sent after the commit; ``log_in(user)`` is called before the latter.

    Raises Refusal: ``invalid_proof``; ``account_closed``, ``other_login_required`` (staff) or the site's own, where the
    guard refuses the account of the number; ``number_taken`` where the number has another account, unless ``take_over``
    moves it to the new one; ``newer_claim`` where that account's proof is newer; ``invalid_argument`` with the errors
    of the form; ``duplicate_value``, with errors by field, where another account has a value that must be unique;
    ``invalid_purpose`` for a login's proof on a site without signup.
    """
    spend: dict[str, Any] = {"proof": proof, "purpose": purpose, "binding": _binding(binding, request)}
    number = number_of_proof(**spend)
    if refusal := signup_refusal(number, take_over=take_over):
        raise refusal
    if purpose == LOGIN and SIGNUP not in conf.purposes:
        raise Refusal("invalid_purpose")
    form = signup_form(data or {}, files) if form is None else form
    if not form.is_valid():
        raise Refusal("invalid_argument", errors={name: list(map(str, errors)) for name, errors in form.errors.items()})
    claim = _Signup(form, spend, number, take_over).create_account()
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


@dataclass(slots=True)
class _Signup:
    """The creation of an account by a valid form. ``user`` is the one that was built last."""

    form: Any
    spend: Mapping[str, Any] = field(repr=False)
    number: str
    take_over: bool
    user: Any = None

    def create_account(self) -> VerifiedNumber:
        """Create the account in one transaction, and again when the database rolls it back for others' sake."""
        try:
            return retry_transaction(self._create)
        except Refusal as refusal:
            if refusal.code != "newer_claim":
                raise
            raise self._refusal_by_owner() or refusal from None
        except IntegrityError as error:
            # Another signup with this number may have been faster, and have the same values.
            if refused := self._refusal_by_owner():
                raise refused from error
            if not _is_duplicate(error):
                raise
            detail = None if self.form.visible_fields() else _("Another account has the same data. Please contact us.")
            raise Refusal("duplicate_value", detail=detail, http_status=409, errors=self._duplicates()) from error

    def _create(self) -> VerifiedNumber:
        number = redeem_proof(**self.spend)
        form = _copied(self.form)
        user = self.user = form.build_user(number)
        if not user._state.adding:
            raise ImproperlyConfigured("build_user() of LANCK['SIGNUP_FORM'] has to return a user that is not saved.")
        _rename_if_taken(user, number)
        user.save()
        if save_m2m := getattr(form, "save_m2m", None):
            save_m2m()
        claim = claim_proved(user=user, proof=self.spend["proof"])
        if claim.taken_over:
            former = get_user_model()._default_manager.get(pk=claim.former_owner_id)
            # Without take_over, another account claimed the number after the first look.
            if refusal := _refusal_for_owner(former, take_over=self.take_over):
                raise refusal
        claim.user = user
        announce_change(user, "", number, SIGNUP)
        return claim

    def _refusal_by_owner(self) -> Refusal | None:
        return signup_refusal(self.number, take_over=self.take_over)

    def _duplicates(self) -> dict[str, list[str]]:
        """Return the errors of the form's fields whose values another account has."""
        try:
            self.user.validate_unique()
        except ValidationError as error:
            return {name: texts for name, texts in error.message_dict.items() if name in self.form.fields}
        return {}


def _copied(form: Any) -> Any:
    """Return a copy of a valid form whose user can be saved once more after a rollback."""
    form = copy.copy(form)
    if hasattr(form, "instance"):
        form.instance = copy.copy(form.instance)
    return form


def _rename_if_taken(user: Any, number: str) -> None:
    """Give a random username to a user who is named by a number that was another account's username before.

    An account keeps its username when its number changes, so that the next owner of the number could never sign up.
    """
    users = get_user_model()
    if users.USERNAME_FIELD != "username" or user.username.lstrip("+") != number.lstrip("+"):
        return
    if users._default_manager.filter(username=user.username).exists():
        user.username = random_username()


def _is_duplicate(error: IntegrityError) -> bool:
    """Return whether a value has to be unique, and not for example filled in."""
    code = getattr(error.__cause__, "sqlstate", None) or (error.args[0] if error.args else None)
    return code in DUPLICATE or "unique" in str(error).lower()


@sensitive_variables()
def authenticate_by_proof(
    *,
    proof: str,
    purpose: str = LOGIN,
    binding: str | Sequence[str] | None = None,
    request: HttpRequest | None = None,
) -> AbstractBaseUser:
    """Spend a proof and return the user who owns its number.

    ``binding`` defaults to the bindings of ``request``. Raises Refusal: ``invalid_proof``; ``no_account`` where the
    number has no owner (the proof stays unspent); ``account_closed``, ``other_login_required`` (staff) or the site's
    own where the guard refuses the account (the proof is spent).
    """
    with transaction.atomic():  # so that a proof without an account stays unspent
        user = owner_of(redeem_proof(proof=proof, purpose=purpose, binding=_binding(binding, request)))
        if user is None:
            raise Refusal("no_account")
    if refusal := account_refusal(user, purpose):
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
def require_confirmation(
    *,
    user: AbstractBaseUser,
    request: HttpRequest | None = None,
    password: str = "",
    proof: str = "",
    binding: str | Sequence[str] | None = None,
) -> None:
    """Raise Refusal unless a user has authenticated recently, or confirms now by a password or a proof.

    It is the condition for changing a number. Recent is a login or a confirmation in the user's own session of
    ``request``, at most ``RECENT_AUTHENTICATION`` seconds ago. ``proof`` has the purpose ``confirm``; it is spent.
    Refusals: ``confirmation_required``, with an error for a wrong ``password``; as :func:`confirm_user` for the proof.
    """
    if request is not None and _is_recent(request, user):
        return
    if proof:
        confirm_user(user=user, proof=proof, binding=_binding(binding, request))
    elif not password:
        raise Refusal("confirmation_required")
    elif not is_password_of(user, password, request=request):
        raise Refusal("confirmation_required", errors={"password": [_("This password is not right.")]})


def _is_recent(request: HttpRequest, user: AbstractBaseUser) -> bool:
    """Return whether the session of the request is the user's and recently authenticated.

    A client may send the token of one user and the session of another; with a ``Verification-Token`` none counts.
    """
    session = None if has_token(request) else getattr(request, "session", None)
    is_own = session is not None and session.get(SESSION_KEY) == str(user.pk)
    return is_own and is_recently_authenticated(request)


@sensitive_variables()
def is_password_of(user: AbstractBaseUser, password: str, *, request: HttpRequest | None = None) -> bool:
    """Return whether the site's authentication backends accept the password for this user.

    The backends' own limits of wrong passwords hold here too.
    """
    return authenticate(request, username=user.get_username(), password=password) == user


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
