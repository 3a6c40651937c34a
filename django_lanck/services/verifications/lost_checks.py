"""Checks whose answer from LANCK was lost: whether LANCK found the code right is asked when it is submitted again."""

from __future__ import annotations

from django.utils.crypto import constant_time_compare, salted_hmac

from ...client import LanckClient
from ...exceptions import APIError, LanckError, Refusal
from ...keys import keyed_hash
from ...models import LimitCounter, Message
from ...models.limit import Limit
from ..provider.call import call_provider
from ..provider.errors import SAFE_TO_RETRY, log_failure
from .attempts import Check

RETRY_SECONDS = 2
# They spend no attempt, so that they need a limit of their own, for each message.
MAX_LOOKUPS = 10
LOOKUP_WINDOW = 60


def request_id_of(message: Message) -> str:
    """Return LANCK's request id. Raises Refusal ``outcome_unknown`` while it is unknown."""
    if message.request_id is None:
        raise outcome_unknown()
    return message.request_id


def outcome_unknown() -> Refusal:
    return Refusal("outcome_unknown", retry_after=RETRY_SECONDS)


def remember(message: Message, digits: str) -> Refusal:
    """Store the hash of a code whose check had no answer; return the refusal ``check_unknown``."""
    Message.objects.filter(pk=message.pk).remember_lost_check(_hash(message, digits))
    return Refusal("check_unknown", retry_after=RETRY_SECONDS)


def forget(message: Message, digits: str) -> None:
    """Delete the hash of a code that LANCK has now found wrong."""
    if is_lost(message, digits):
        Message.objects.filter(pk=message.pk, lost_check=message.lost_check).update(lost_check="")


def is_lost(message: Message, digits: str) -> bool:
    """Return whether the lost check of a message, if any, was of these digits only."""
    return constant_time_compare(message.lost_check, _hash(message, digits))


def settle(client: LanckClient, check: Check, message: Message, digits: str) -> str | None:
    """Ask LANCK about the lost check of a message; return the proof, or None if LANCK has found no code right.

    Only the digits of the lost check are verified by it. Other digits are wrong and spend an attempt, because LANCK
    verifies a request once. After None the code is checked as usual; the hash stays, because LANCK may be late.
    """
    _count_lookup(message)
    if not is_verified(client, check, message):
        return None
    if is_lost(message, digits):
        return check.succeed()
    check.spend()
    raise check.fail()


def is_verified(client: LanckClient, check: Check, message: Message) -> bool:
    """Return whether LANCK has found the code of a message right; False also if LANCK does not know the request.

    Raises Refusal ``check_unknown`` if LANCK does not answer.
    """
    request_id = request_id_of(message)
    try:
        info = call_provider(lambda: client.verify_info(request_id=request_id))
    except LanckError as error:
        log_failure(f"Message {message.pk}: it is unknown whether its code was right", error)
        if isinstance(error, APIError) and not isinstance(error, SAFE_TO_RETRY):
            return False
        wait = None if isinstance(error, APIError) else getattr(error, "retry_after", None)
        raise Refusal("check_unknown", retry_after=wait or RETRY_SECONDS) from error
    return info.proves(number=check.verification.number)


def _count_lookup(message: Message) -> None:
    key = keyed_hash("django_lanck.lost_check", str(message.pk))[:32]
    limit = Limit(rule="lost_check", key=key, most=MAX_LOOKUPS, seconds=LOOKUP_WINDOW)
    if not LimitCounter.objects.consume_one(limit):
        raise Refusal("check_unknown", retry_after=LOOKUP_WINDOW)


def _hash(message: Message, digits: str) -> str:
    return salted_hmac("django_lanck.lost_check", f"{message.pk}:{digits}", algorithm="sha256").hexdigest()
