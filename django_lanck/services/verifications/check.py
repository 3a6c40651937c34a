"""Check a code. An attempt is spent before the code is compared, and one of several right answers wins."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.views.decorators.debug import sensitive_variables

from ... import exceptions
from ...client import LanckClient, get_client
from ...conf import conf
from ...exceptions import Refusal
from ...guard import check_rules
from ...models import Message, Verification
from ..numbers import parse_code
from ..provider.call import call_provider
from ..provider.errors import SAFE_TO_RETRY, log_failure, unavailable_refusal
from ..transactions import refuse_transaction
from . import lost_checks
from .attempts import Check
from .codes import is_right_code, messages_with_valid_code
from .lookup import attempt_of, refusal_code, verification_and_messages
from .lost_checks import outcome_unknown, request_id_of

logger = logging.getLogger("django_lanck")

# LANCK checks no code of this request any more, whatever the digits.
CODE_EXPIRED = (exceptions.RequestExpired, exceptions.TooManyAttempts, exceptions.RequestNotFound)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of a check: a ``proof``, or the ``error`` that refuses the code.

    ``verification`` is None only where it was not found. The proof is not stored and cannot be read again.
    """

    verification: Verification | None
    error: Refusal | None = None
    proof: str | None = field(default=None, repr=False)

    @property
    def refusal(self) -> str | None:
        """The code of the refusal, or None if the code was right.

        ``invalid_code``, ``code_expired`` (a resend helps), ``expired``, ``exhausted``, ``canceled``,
        ``already_verified``, ``not_found``; ``too_many_requests`` (too many wrong codes for this number or from this
        address); ``outcome_unknown`` (it is not known yet which code counts; nothing was spent); ``check_unknown``
        (LANCK's answer was lost: submitting the same code again completes the check); ``unavailable`` (the attempt is
        refunded if LANCK did not compare the code); or the code of the site's own rule.
        """
        return self.error.code if self.error else None

    @property
    def retry_after(self) -> int | None:
        """The seconds to wait before the next check, where waiting helps."""
        return self.error.retry_after if self.error else None

    def raise_for_refusal(self) -> Verification:
        """Return the verification, or raise the Refusal."""
        if self.error:
            raise self.error
        if self.verification is None:
            raise Refusal("not_found")
        return self.verification


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
    """Check the code that a person typed and return the result; every refusal is in it.

    With ``purposes``, a verification for another purpose is not found. ``ip`` is the person's address
    (:func:`client_address` of the request), by which wrong codes are limited; ``request`` is passed to the site's own
    rule (``GUARD``). Must not be called inside a transaction.
    """
    refuse_transaction()  # a rollback would refund the attempt
    verification = None
    try:
        verification, messages = verification_and_messages(verification_id, binding, purposes)
        proof = _check(verification, messages, code, ip=ip, request=request)
    except Refusal as refusal:
        return CheckResult(None if refusal.code == "not_found" else verification, refusal)
    return CheckResult(verification, proof=proof)


def _check(verification: Verification, messages: Sequence[Message], code: str, *, ip: str | None, request: Any) -> str:
    """Return the proof. Raises Refusal."""
    profile = conf.profile_of_started(verification.purpose)
    attempt = attempt_of("check", verification, profile, ip=ip, request=request)
    check_rules(attempt)
    check = Check(verification, attempt, parse_code(code, verification.code_length))
    if verification.code_source == Verification.CodeSource.SITE or verification.is_test:
        return _check_site_code(check, messages)
    message = next((m for m in messages if not m.is_refused), None)
    if message and check.digits and message.lost_check and refusal_code(verification) is None:
        proof = lost_checks.settle(get_client(), check, message, check.digits)
        if proof:
            return proof
    return _check_at_lanck(check, message)


def _check_site_code(check: Check, messages: Sequence[Message]) -> str:
    digits = check.valid_digits()
    check.spend()
    right = [message for message in messages_with_valid_code(messages) if is_right_code(message, digits)]
    if not right:
        raise check.fail()
    return check.succeed(site_code=None if check.attempt.is_test else right[0])


def _check_at_lanck(check: Check, message: Message | None) -> str:
    digits = check.valid_digits()
    if message is None:
        raise outcome_unknown()
    request_id = request_id_of(message)
    client = get_client()
    check.spend()
    return _call_lanck(client, check, message, request_id, digits)


def _call_lanck(client: LanckClient, check: Check, message: Message, request_id: str, digits: str) -> str:
    try:
        answer = call_provider(lambda: client.verify_check(request_id=request_id, code=digits))
    except exceptions.WrongCode:
        lost_checks.forget(message, digits)
        raise check.fail() from None
    except CODE_EXPIRED as error:
        log_failure(f"Message {message.pk}: its code has expired", error)
        return _code_expired(client, check, message, digits)
    except exceptions.OutcomeUnknown as error:
        log_failure(f"Message {message.pk}: the answer to a check was lost", error)
        raise lost_checks.remember(message, digits) from error
    except (exceptions.APIError, exceptions.NotSent) as error:
        log_failure(f"Message {message.pk}: its code was not checked", error)
        if isinstance(error, SAFE_TO_RETRY):
            check.refund()
        raise unavailable_refusal(error) from error
    if answer.proves(request_id=request_id, number=check.verification.number):
        return check.succeed()
    logger.warning("Message %s: LANCK's answer to a check is invalid", message.pk)
    return _invalid_answer(client, check, message, digits)


def _invalid_answer(client: LanckClient, check: Check, message: Message, digits: str) -> str:
    """Return the proof if LANCK confirms on request that the code was right; the answer does not say."""
    # After a lost check of other digits, LANCK may confirm those.
    about_these = not message.lost_check or lost_checks.is_lost(message, digits)
    if about_these and lost_checks.is_verified(client, check, message):
        return check.succeed()
    raise lost_checks.remember(message, digits)


def _code_expired(client: LanckClient, check: Check, message: Message, digits: str) -> str:
    """Return the proof if LANCK found this code right before, in an answer that was lost."""
    if lost_checks.is_lost(message, digits) and lost_checks.is_verified(client, check, message):
        return check.succeed()
    check.read_again()
    raise Refusal(refusal_code(check.verification) or "code_expired")
