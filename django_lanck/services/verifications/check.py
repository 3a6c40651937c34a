"""Is this the code? An attempt is spent before anything is asked, and one of many right answers wins."""

from __future__ import annotations

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

from ... import exceptions, signals
from ...client import LanckClient, get_client
from ...conf import conf
from ...exceptions import Refusal
from ...guard import Admission, Attempt, admit, check_rules, refund_check
from ...keys import keyed_hash
from ...models import DatabaseNow, Goal, LimitCounter, Message, Verification, VerificationQuerySet
from ...models.limit import Limit
from ..figures.days import mark_changed_days
from ..numbers import parse_code
from ..provider.call import call_provider
from ..provider.failures import NOT_CARRIED_OUT, log_failure, unavailable
from ..transactions import refuse_transaction
from .codes import codes_that_count, is_code_of
from .start import attempt_of, refusal_code, verification_and_messages

logger = logging.getLogger("django_lanck")

# LANCK's word that this request has no code to check any more, whatever the digits.
CODE_IS_OVER = (exceptions.RequestExpired, exceptions.TooManyAttempts, exceptions.RequestNotFound)
LOOK_AGAIN = 2
# Questions about a lost check, of one message: they spend no attempt, so that nothing else bounds them.
MOST_QUESTIONS = 10
QUESTION_SECONDS = 60


@dataclass(frozen=True, slots=True)
class CheckResult:
    """How a check ended: with a ``proof``, or with the code of a refusal.

    ``refusal`` is ``None``, ``"invalid_code"``, ``"code_expired"`` (ask for a new one), ``"expired"``,
    ``"exhausted"``, ``"canceled"`` or ``"already_verified"``. The proof is shown this once: only its hash is kept.
    """

    verification: Verification
    refusal: str | None = None
    proof: str | None = field(default=None, repr=False)


@dataclass(slots=True)
class _Check:
    """One check: what is checked, the digits that were typed (None where they can be no code), and what it took."""

    verification: Verification
    attempt: Attempt
    digits: str | None = field(repr=False)
    admission: Admission = field(default_factory=Admission)

    @property
    def row(self) -> VerificationQuerySet:
        return Verification.objects.filter(pk=self.verification.pk)


class _NoAttempt(Exception):
    """The verification has ended, or its attempts are used up."""


@sensitive_variables()
def check_verification(
    *,
    verification_id: uuid.UUID | str,
    code: str,
    binding: str | Sequence[str] = "",
    purposes: Collection[str] | None = None,
    ip: str | None = None,
    request: Any = None,
) -> CheckResult:
    """Check the code that a person typed. A wrong one is an answer, not an exception.

    With ``purposes``, a verification for another purpose is not found. ``ip`` is the person's address
    (:func:`client_address` of the request), by which wrong codes are limited;
    ``request`` is only handed to the site's own rule (``GUARD``).
    Raises Refusal: ``not_found``; ``too_many_requests`` (too many wrong codes for this number or from this address,
    with the seconds to wait); ``outcome_unknown`` (it is not known yet which code counts; nothing spent);
    ``check_unknown`` (the answer was lost: the same code again settles it); ``unavailable`` (the attempt is given back
    where LANCK compared nothing).
    Must not be called inside a transaction.
    """
    refuse_transaction()  # a spent attempt could be rolled back
    verification, messages = verification_and_messages(verification_id, binding, purposes)
    profile = conf.profile_of_started(verification.purpose)
    attempt = attempt_of("check", verification, profile, ip=ip, request=request)
    check_rules(attempt)
    check = _Check(verification, attempt, parse_code(code, verification.code_length))
    if verification.code_source == Verification.CodeSource.SITE or verification.is_test:
        return _compare(check, messages)
    message = next((m for m in messages if m.may_carry_code), None)
    if message and check.digits and message.lost_check and refusal_code(verification) is None:
        return _settle(check, message, check.digits)
    return _check_at_lanck(check, message)


def _check_at_lanck(check: _Check, message: Message | None) -> CheckResult:
    if refused := _ended(check.verification):
        return CheckResult(check.verification, refused)
    if check.digits is None:
        return CheckResult(check.verification, "invalid_code")
    if message is None or message.request_id is None:
        raise Refusal("outcome_unknown", retry_after=LOOK_AGAIN)
    client = get_client()
    if not _spend(check):
        return CheckResult(check.verification, _reason(check.verification))
    return _ask(client, check, message, check.digits)


def _compare(check: _Check, messages: Sequence[Message]) -> CheckResult:
    """The same for a code that this site knows: nobody has to be asked."""
    if refused := _ended(check.verification):
        return CheckResult(check.verification, refused)
    digits = check.digits
    if digits is None:
        return CheckResult(check.verification, "invalid_code")
    if not _spend(check):
        return CheckResult(check.verification, _reason(check.verification))
    right = [message for message in codes_that_count(messages) if is_code_of(message, digits)]
    if not right:
        return _failed(check.verification)
    return _succeeded(check) if check.attempt.is_test else _succeeded(check, own_code_of=right[0])


def _spend(check: _Check) -> bool:
    """Spend an attempt, and what the limits of wrong codes have left; both or neither."""

    def spend_attempt() -> None:
        if not check.row.spend_attempt():
            raise _NoAttempt

    try:
        _, check.admission = admit(check.attempt, spend_attempt)
    except _NoAttempt:
        return False
    check.verification.attempts += 1
    return True


def _ask(client: LanckClient, check: _Check, message: Message, digits: str) -> CheckResult:
    request_id = _request_id(message)
    try:
        answer = call_provider(lambda: client.verify_check(request_id=request_id, code=digits))
    except exceptions.WrongCode:
        if message.lost_check == _code_hash(message, digits):
            Message.objects.filter(pk=message.pk, lost_check=message.lost_check).update(lost_check="")
        return _failed(check.verification)
    except CODE_IS_OVER as error:
        log_failure(f"Message {message.pk}: its code is over", error)
        return _code_is_over(client, check, message, digits)
    except NOT_CARRIED_OUT as error:
        log_failure(f"Message {message.pk}: its code was not checked", error)
        check.row.give_back_attempt()
        check.admission.refund()
        raise unavailable(error) from error
    except exceptions.OutcomeUnknown as error:
        logger.warning("Message %s: the answer to a check was lost: %s", message.pk, error)
        Message.objects.filter(pk=message.pk).remember_lost_check(_code_hash(message, digits))
        raise Refusal("check_unknown", retry_after=LOOK_AGAIN) from error
    except exceptions.APIError as error:
        log_failure(f"Message {message.pk}: its code was not checked", error)
        raise unavailable(error) from error
    if answer.proves(request_id=request_id, number=check.verification.number):
        return _succeeded(check)
    logger.warning("Message %s: LANCK's answer to a check does not fit it", message.pk)
    return _answer_does_not_fit(client, check, message, digits)


def _answer_does_not_fit(client: LanckClient, check: _Check, message: Message, digits: str) -> CheckResult:
    """Whether the code was right is unknown, unless LANCK says so when it is asked again."""
    # After a lost check of other digits, what it says may be about those.
    about_these = message.lost_check in ("", _code_hash(message, digits))
    if about_these and _verified_at_lanck(client, check.verification, message):
        return _succeeded(check)
    Message.objects.filter(pk=message.pk).remember_lost_check(_code_hash(message, digits))
    raise Refusal("check_unknown", retry_after=LOOK_AGAIN)


def _code_is_over(client: LanckClient, check: _Check, message: Message, digits: str) -> CheckResult:
    """LANCK checks this code no more: perhaps because it found it right, in an answer that was lost or is another's."""
    same = message.lost_check == _code_hash(message, digits)
    if same and _verified_at_lanck(client, check.verification, message):
        return _succeeded(check)
    _read_again(check.verification)
    return CheckResult(check.verification, refusal_code(check.verification) or "code_expired")


def _settle(check: _Check, message: Message, digits: str) -> CheckResult:
    """An earlier check of this message had no answer: ask whether LANCK found that code right.

    Only the digits that were asked about then are verified by it. Others are simply wrong: LANCK verifies a request
    once. If LANCK found nothing right, or does not say, this is a check like any other; the lost one is remembered,
    because LANCK may be late.
    """
    client = get_client()
    _spend_question(message)
    same = constant_time_compare(message.lost_check, _code_hash(message, digits))
    if not _verified_at_lanck(client, check.verification, message):
        return _check_at_lanck(check, message)
    if same:
        return _succeeded(check)
    if not _spend(check):
        return CheckResult(check.verification, _reason(check.verification))
    return _failed(check.verification)


def _spend_question(message: Message) -> None:
    """One question about the lost check of a message. Raises Refusal ``check_unknown`` where there were too many."""
    key = keyed_hash("django_lanck.lost_check", str(message.pk))[:32]
    limit = Limit(rule="lost_check", key=key, most=MOST_QUESTIONS, seconds=QUESTION_SECONDS)
    if not LimitCounter.objects.consume_one(limit):
        raise Refusal("check_unknown", retry_after=QUESTION_SECONDS)


def _verified_at_lanck(client: LanckClient, verification: Verification, message: Message) -> bool:
    """Whether LANCK says that it found the code right; False also where it knows no such request or question.

    Raises Refusal ``check_unknown`` where it says nothing at all.
    """
    request_id = _request_id(message)
    try:
        info = call_provider(lambda: client.verify_info(request_id=request_id))
    except exceptions.APIError as error:
        log_failure(f"Message {message.pk}: whether its code was right is unknown", error)
        if isinstance(error, NOT_CARRIED_OUT):
            raise Refusal("check_unknown", retry_after=LOOK_AGAIN) from error
        return False
    except exceptions.LanckError as error:
        log_failure(f"Message {message.pk}: whether its code was right is unknown", error)
        raise Refusal("check_unknown", retry_after=getattr(error, "retry_after", None) or LOOK_AGAIN) from error
    return info.proves(number=verification.number)


def _succeeded(check: _Check, own_code_of: Message | None = None) -> CheckResult:
    """Verify, if nobody else did. LANCK learns later that a code of this site's was right."""
    verification, proof = check.verification, secrets.token_urlsafe(32)
    lifetime = conf.profile_of_started(verification.purpose).proof_lifetime
    with transaction.atomic(durable=True):
        won = check.row.verify(proof_hash=proof_hash(proof), proof_lifetime=lifetime)
        if won and own_code_of:
            Message.objects.filter(pk=own_code_of.pk).reach_goal(Goal.NUMBER_VERIFIED)
        if won:
            mark_changed_days(verification.created_at)
    if not won:
        return CheckResult(verification, _reason(verification))
    verification.state = Verification.State.VERIFIED
    refund_check(check.attempt, check.admission)
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
    rows = Verification.objects.annotate(now=DatabaseNow())  # type: ignore[no-redef]
    try:
        verification.refresh_from_db(from_queryset=rows)
    except Verification.DoesNotExist:  # its number was forgotten meanwhile
        raise Refusal("not_found") from None


def _request_id(message: Message) -> str:
    """The id to ask about. A message without one is not asked about: the newest is unknown then."""
    if message.request_id is None:
        raise Refusal("outcome_unknown", retry_after=LOOK_AGAIN)
    return message.request_id


def _code_hash(message: Message, digits: str) -> str:
    return salted_hmac("django_lanck.lost_check", f"{message.pk}:{digits}", algorithm="sha256").hexdigest()


def proof_hash(proof: str) -> str:
    return hashlib.sha256(str(proof).encode(errors="surrogatepass")).hexdigest()
