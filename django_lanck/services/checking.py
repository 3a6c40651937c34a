"""Is this the code? An attempt is spent before anything is asked, and one of many right answers wins."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import secrets
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.functional import SimpleLazyObject
from django.views.decorators.debug import sensitive_variables

from .. import exceptions, signals
from ..client import LanckClient, get_client
from ..conf import conf
from ..exceptions import Refusal
from ..models import DatabaseNow, Goal, Message, Verification
from .asking import ask, refuse_transaction
from .codes import codes_that_count, is_code_of
from .numbers import parse_code
from .sending import NOT_CARRIED_OUT, log_failure, unavailable
from .verification import refusal_code, verification_and_messages

logger = logging.getLogger("django_lanck")

# LANCK's word that this request has no code to check any more, whatever the digits.
CODE_IS_OVER = (exceptions.RequestExpired, exceptions.TooManyAttempts, exceptions.RequestNotFound)
LOOK_AGAIN = 2


class _NoInfo(exceptions.LanckError):
    """LANCK refuses to say whether a code was right: it does not know the request, or not the question."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """How a check ended: with a ``proof``, or with the code of a refusal.

    ``refusal`` is ``None``, ``"invalid_code"``, ``"code_expired"`` (ask for a new one), ``"expired"``,
    ``"exhausted"``, ``"canceled"`` or ``"already_verified"``. The proof is shown this once: only its hash is kept.
    """

    verification: Verification
    refusal: str | None = None
    proof: str | None = field(default=None, repr=False)


@sensitive_variables()
def check_verification(
    *,
    verification_id: uuid.UUID | str,
    code: str,
    binding: str | Sequence[str] = "",
    purposes: Collection[str] | None = None,
) -> CheckResult:
    """Check the code that a person typed. A wrong one is an answer, not an exception.

    Raises Refusal: ``not_found``; ``outcome_unknown`` (it is not known yet which code counts; nothing spent);
    ``check_unknown`` (the answer was lost: the same code again settles it); ``unavailable`` (the attempt is given back
    where LANCK compared nothing).
    Must not be called inside a transaction.
    """
    refuse_transaction()  # a spent attempt could be rolled back
    verification, messages = verification_and_messages(verification_id, binding, purposes)
    digits = parse_code(code, verification.code_length)
    if verification.code_source == Verification.CodeSource.SITE:
        return _compare(verification, messages, digits)
    message = next((m for m in messages if m.may_carry_code), None)
    if message and digits and message.lost_check and refusal_code(verification) is None:
        return _settle(verification, message, digits)
    return _check(verification, message, digits)


def _check(verification: Verification, message: Message | None, digits: str | None) -> CheckResult:
    row = Verification.objects.filter(pk=verification.pk)
    if refused := _ended(verification):
        return CheckResult(verification, refused)
    if digits is None:
        return CheckResult(verification, "invalid_code")
    if message is None or message.request_id is None:
        raise Refusal("outcome_unknown", retry_after=LOOK_AGAIN)
    client = get_client()
    if not row.spend_attempt():
        return CheckResult(verification, _reason(verification))
    verification.attempts += 1
    return _ask(client, verification, message, digits)


def _compare(verification: Verification, messages: Sequence[Message], digits: str | None) -> CheckResult:
    """The same for a code that this site made: nobody has to be asked."""
    if refused := _ended(verification):
        return CheckResult(verification, refused)
    if digits is None:
        return CheckResult(verification, "invalid_code")
    if not Verification.objects.filter(pk=verification.pk).spend_attempt():
        return CheckResult(verification, _reason(verification))
    verification.attempts += 1
    right = [message for message in codes_that_count(messages) if is_code_of(message, digits)]
    return _succeeded(verification, right[0]) if right else _failed(verification)


def _ask(client: LanckClient, verification: Verification, message: Message, digits: str) -> CheckResult:
    request_id = _request_id(message)
    row = Verification.objects.filter(pk=verification.pk)
    try:
        answer = ask(lambda: client.verify_check(request_id=request_id, code=digits))
    except exceptions.WrongCode:
        if message.lost_check == _code_hash(message, digits):
            Message.objects.filter(pk=message.pk, lost_check=message.lost_check).update(lost_check="")
        return _failed(verification)
    except CODE_IS_OVER as error:
        log_failure(f"Message {message.pk}: its code is over", error)
        return _code_is_over(client, verification, message, digits)
    except NOT_CARRIED_OUT as error:
        log_failure(f"Message {message.pk}: its code was not checked", error)
        row.give_back_attempt()
        raise unavailable(error) from error
    except exceptions.OutcomeUnknown as error:
        logger.warning("Message %s: the answer to a check was lost: %s", message.pk, error)
        Message.objects.filter(pk=message.pk).remember_lost_check(_code_hash(message, digits))
        raise Refusal("check_unknown", retry_after=LOOK_AGAIN) from error
    except exceptions.APIError as error:
        log_failure(f"Message {message.pk}: its code was not checked", error)
        raise unavailable(error) from error
    if answer.proves(request_id=request_id, number=verification.number):
        return _succeeded(verification)
    logger.warning("Message %s: LANCK's answer to a check does not fit it", message.pk)
    # What LANCK knows by now may be about the digits of an earlier check whose answer was lost.
    if message.lost_check in ("", _code_hash(message, digits)):
        with contextlib.suppress(_NoInfo):
            if _verified_at_lanck(client, verification, message):
                return _succeeded(verification)
    Message.objects.filter(pk=message.pk).remember_lost_check(_code_hash(message, digits))
    raise Refusal("check_unknown", retry_after=LOOK_AGAIN)


def _code_is_over(client: LanckClient, verification: Verification, message: Message, digits: str) -> CheckResult:
    """LANCK checks this code no more: perhaps because it found it right, in an answer that was lost or is another's."""
    if message.lost_check == _code_hash(message, digits):
        with contextlib.suppress(_NoInfo):
            if _verified_at_lanck(client, verification, message):
                return _succeeded(verification)
    _read_again(verification)
    return CheckResult(verification, refusal_code(verification) or "code_expired")


def _settle(verification: Verification, message: Message, digits: str) -> CheckResult:
    """An earlier check of this message had no answer: ask whether LANCK found that code right.

    Only the digits that were asked about then are verified by it. Others are simply wrong: LANCK verifies a request
    once. If LANCK found nothing right, or does not say, this is a check like any other; the lost one is remembered,
    because LANCK may be late.
    """
    client = get_client()
    same = constant_time_compare(message.lost_check, _code_hash(message, digits))
    try:
        verified = _verified_at_lanck(client, verification, message)
    except _NoInfo:
        verified = False
    if not verified:
        return _check(verification, message, digits)
    if same:
        return _succeeded(verification)
    if not Verification.objects.filter(pk=verification.pk).spend_attempt():
        return CheckResult(verification, _reason(verification))
    verification.attempts += 1
    return _failed(verification)


def _verified_at_lanck(client: LanckClient, verification: Verification, message: Message) -> bool:
    request_id = _request_id(message)
    try:
        info = ask(lambda: client.verify_info(request_id=request_id))
    except exceptions.APIError as error:
        log_failure(f"Message {message.pk}: whether its code was right is unknown", error)
        if isinstance(error, NOT_CARRIED_OUT):
            raise Refusal("check_unknown", retry_after=LOOK_AGAIN) from error
        raise _NoInfo from error
    except exceptions.LanckError as error:
        log_failure(f"Message {message.pk}: whether its code was right is unknown", error)
        raise Refusal("check_unknown", retry_after=LOOK_AGAIN) from error
    return info.proves(number=verification.number)


def _succeeded(verification: Verification, own_code_of: Message | None = None) -> CheckResult:
    """Verify, if nobody else did. LANCK learns later that a code of this site's was right."""
    proof = secrets.token_urlsafe(32)
    lifetime = conf.proof_lifetime(verification.purpose)
    row = Verification.objects.filter(pk=verification.pk)
    with transaction.atomic(durable=True):
        won = row.verify(proof_hash=proof_hash(proof), proof_lifetime=lifetime)
        if won and own_code_of:
            Message.objects.filter(pk=own_code_of.pk).reach_goal(Goal.NUMBER_VERIFIED)
    if not won:
        return CheckResult(verification, _reason(verification))
    verification.state = Verification.State.VERIFIED
    signals.number_verified.send_robust(
        Verification, verification=verification, number=verification.number, user=_user_of(verification)
    )
    return CheckResult(verification, proof=proof)


def _user_of(verification: Verification) -> Any:
    # Read when a receiver wants it; by then the user may have been deleted.
    users = get_user_model()._default_manager
    return verification.user_id and SimpleLazyObject(users.filter(pk=verification.user_id).first)


def _failed(verification: Verification) -> CheckResult:
    exhausted = Verification.objects.filter(pk=verification.pk).count_failure(
        likely_last=verification.failures + 1 >= verification.max_attempts
    )
    if not exhausted:
        return CheckResult(verification, "invalid_code")
    verification.state = Verification.State.EXHAUSTED
    signals.verification_failed.send_robust(Verification, verification=verification, reason="exhausted")
    return CheckResult(verification, "exhausted")


def _ended(verification: Verification) -> str | None:
    """Why there is nothing to check any more. Whoever finds the time over first writes it, with one signal."""
    refused = refusal_code(verification)
    is_news = refused == "expired" and verification.state == Verification.State.PENDING
    if is_news and Verification.objects.filter(pk=verification.pk).expire():
        verification.state = Verification.State.EXPIRED
        signals.verification_failed.send_robust(Verification, verification=verification, reason="expired")
    if refused is None and verification.attempts_left == 0:
        return "exhausted"
    return refused


def _reason(verification: Verification) -> str:
    """Why a conditional UPDATE found nothing to change: somebody else was faster."""
    _read_again(verification)
    return _ended(verification) or "exhausted"


def _read_again(verification: Verification) -> None:
    verification.refresh_from_db(from_queryset=Verification.objects.annotate(now=DatabaseNow()))  # type: ignore[no-redef]


def _request_id(message: Message) -> str:
    """The id to ask about. A message without one is not asked about: the newest is unknown then."""
    if message.request_id is None:
        raise Refusal("outcome_unknown", retry_after=LOOK_AGAIN)
    return message.request_id


def _code_hash(message: Message, digits: str) -> str:
    return salted_hmac("django_lanck.lost_check", f"{message.pk}:{digits}", algorithm="sha256").hexdigest()


def proof_hash(proof: str) -> str:
    return hashlib.sha256(str(proof).encode(errors="surrogatepass")).hexdigest()
