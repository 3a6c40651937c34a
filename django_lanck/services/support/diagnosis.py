"""Find the most likely reason why a person has no code, and what helps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ...conf import conf
from ...guard import StandingLimit
from ...models import Message, Status, Verification
from ..limits import is_supported
from .story import Story

# A message without a final status is not overdue for so many seconds.
EXPECTED_SECONDS: Final = 20
ARRIVED: Final = frozenset([Status.DELIVERED, Status.ANSWERED])


class Cause(StrEnum):
    """What most likely happened."""

    LIMIT = "limit"  # a limit refused a request and still refuses others
    NO_MESSAGE = "no_message"  # the verification has no message yet
    DELIVERY = "delivery"  # the status of the message says it
    VERIFIED = "verified"
    EXPIRED = "expired"
    EXHAUSTED = "exhausted"
    CANCELED = "canceled"
    NOT_SUPPORTED = "not_supported"  # no purpose sends codes to the number
    DELETED = "deleted"  # nothing is stored any more, but limits still count the number's requests
    NO_REQUEST = "no_request"  # nothing was requested for the number


class Advice(StrEnum):
    """What helps."""

    NOTHING = "nothing"
    WAIT = "wait"
    REFRESH = "refresh"
    RESEND = "resend"
    RESEND_IF_MISSING = "resend_if_missing"
    ENTER_CODE = "enter_code"
    ENTER_FIXED_CODE = "enter_fixed_code"
    FINISH = "finish"  # redeem the proof
    START_AGAIN = "start_again"  # the proof expired
    NEW_CODE = "new_code"
    NEW_CODE_BY_OTHER_METHOD = "new_code_by_other_method"
    NEWEST_CODE = "newest_code"  # request a new code and enter that one
    WAIT_FOR_LIMIT = "wait_for_limit"
    LIFT_LIMIT = "lift_limit"
    OTHER_NUMBER = "other_number"
    COMPARE_NUMBER = "compare_number"


# The action that staff take to follow an advice.
ACTIONS: Final[Mapping[Advice, str]] = {
    Advice.REFRESH: "refresh",
    Advice.RESEND: "resend",
    Advice.RESEND_IF_MISSING: "resend",
    Advice.LIFT_LIMIT: "lift",
}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What most likely happened to the newest code of a number, and what helps.

    ``message`` is set if its delivery is part of the cause, ``limit`` if the cause is a limit. Without
    ``verification``, no code was requested.
    """

    cause: Cause
    advice: Advice
    verification: Verification | None = None
    message: Message | None = None
    limit: StandingLimit | None = None

    @property
    def action(self) -> str:
        """The action that staff should take: ``"refresh"``, ``"resend"`` or ``"lift"``; empty for none."""
        if self.cause == Cause.DELIVERY and self.verification is None and self.advice != Advice.REFRESH:
            return ""  # only codes are sent again
        return ACTIONS.get(self.advice, "")


def diagnose(story: Story) -> Diagnosis:
    """Return the diagnosis of the newest pending verification, or else of the newest row."""
    newest = next(iter(story.pending or story.verifications), None)
    is_verified = newest is not None and newest.current_state == Verification.State.VERIFIED
    if not is_verified and (limit := _refusing_limit(story)):
        advice = Advice.LIFT_LIMIT if limit.is_personal else Advice.WAIT_FOR_LIMIT
        message = story.message_of(newest) if newest and newest in story.pending else None
        return Diagnosis(Cause.LIMIT, advice, newest, message, limit)
    if newest:
        return _of_verification(story, newest)
    if story.messages:
        return Diagnosis(Cause.DELIVERY, _delivery_advice(story, story.messages[0]), message=story.messages[0])
    return _without_rows(story)


def resend_methods(verification: Verification) -> list[str]:
    """Return the methods by which the code can be sent again; the one that was used last comes last."""
    offered = conf.profile_of_started(verification.purpose).methods_of(verification.code_source)
    return sorted(offered, key=lambda method: method == verification.method)


def _refusing_limit(story: Story) -> StandingLimit | None:
    """Return the limit that refused a request and still holds longest.

    The waits of the ladder are too short to count, except when all its steps are used. A limit that refused nothing is
    no cause.
    """
    refusing = [limit for limit in story.limits if limit.is_in_the_way and limit.refused and limit.action != "send"]
    lasting = [limit for limit in refusing if limit.rule != "ladder" or limit.used >= limit.most]
    return max(lasting, key=lambda limit: limit.until, default=None)


def _of_verification(story: Story, verification: Verification) -> Diagnosis:
    state, message = verification.current_state, story.message_of(verification)
    if state == Verification.State.PENDING:
        if message is None:
            return Diagnosis(Cause.NO_MESSAGE, Advice.WAIT, verification)
        return Diagnosis(Cause.DELIVERY, _delivery_advice(story, message), verification, message)
    if state == Verification.State.VERIFIED:
        return Diagnosis(Cause.VERIFIED, _proof_advice(story, verification), verification)
    if state == Verification.State.EXHAUSTED:
        return Diagnosis(Cause.EXHAUSTED, Advice.NEWEST_CODE, verification)
    has_failed = message is not None and _delivery_advice(story, message) == Advice.RESEND
    advice = Advice.NEW_CODE_BY_OTHER_METHOD if has_failed else Advice.NEW_CODE
    return Diagnosis(Cause(state), advice, verification, message)


def _proof_advice(story: Story, verification: Verification) -> Advice:
    if verification.proof_redeemed_at or not verification.proof_expires_at:
        return Advice.NOTHING
    return Advice.FINISH if verification.proof_expires_at > story.now else Advice.START_AGAIN


def _delivery_advice(story: Story, message: Message) -> Advice:
    """Return what helps while the code of the message can still be entered."""
    if message.is_test:
        return Advice.ENTER_FIXED_CODE
    if message.is_final:
        return Advice.ENTER_CODE if message.status in ARRIVED else Advice.RESEND
    if message.status == Status.REFUSED:
        return Advice.RESEND
    if (story.now - message.created_at).total_seconds() < EXPECTED_SECONDS:
        return Advice.WAIT
    return Advice.REFRESH if message.request_id else Advice.RESEND_IF_MISSING


def _without_rows(story: Story) -> Diagnosis:
    if not is_supported(number=story.number):
        return Diagnosis(Cause.NOT_SUPPORTED, Advice.OTHER_NUMBER)
    was_used = any(limit.is_personal for limit in story.limits)
    return Diagnosis(Cause.DELETED if was_used else Cause.NO_REQUEST, Advice.COMPARE_NUMBER)
