"""Find the verification of a caller, with its messages."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from operator import attrgetter
from typing import Any, Final

from django.db.models import Q, QuerySet

from ...conf.profiles import Profile
from ...exceptions import Refusal
from ...guard import Action, Attempt
from ...models import DatabaseNow, Message, Verification
from ..numbers import country_of
from .binding import binding_hashes, is_token_binding

# The verifications whose tokens are valid. One that expired is pending until a check or the reconciliation ends it.
_NOT_ENDED: Final = Q(verification__state=Verification.State.PENDING) | Q(
    verification__state=Verification.State.VERIFIED,
    verification__proof_redeemed_at=None,
    verification__proof_expires_at__gt=DatabaseNow(),
)


def get_verification(
    *, verification_id: uuid.UUID | str, binding: str | Sequence[str] = "", purposes: Collection[str] | None = None
) -> Verification:
    """Return the verification with its newest message and the database's time. Raises Refusal ``not_found``.

    A verification of another binding is not found, and with ``purposes`` neither is one for another purpose. By a token
    it is found until it ended: canceled, exhausted, expired, or its proof redeemed.
    """
    return verification_and_messages(verification_id, binding, purposes)[0]


def verification_and_messages(
    verification_id: uuid.UUID | str, binding: str | Sequence[str], purposes: Collection[str] | None = None
) -> tuple[Verification, list[Message]]:
    """Return the verification and its messages, newest first, in one statement."""
    messages = Message.objects.filter(verification__binding_hash__in=binding_hashes(binding))
    if purposes is not None:
        messages = messages.filter(verification__purpose__in=purposes)
    if is_token_binding(binding):
        messages = messages.filter(_NOT_ENDED)
    return _read(verification_id, messages)


def verification_of_any_binding(verification_id: uuid.UUID | str) -> Verification:
    """Return a verification whoever started it. Raises Refusal ``not_found``."""
    return _read(verification_id, Message.objects.all())[0]


def _read(verification_id: uuid.UUID | str, among: QuerySet[Message]) -> tuple[Verification, list[Message]]:
    try:
        pk = verification_id if isinstance(verification_id, uuid.UUID) else uuid.UUID(verification_id)
    except ValueError:
        raise Refusal("not_found") from None
    found = among.filter(verification=pk).select_related("verification").annotate(now=DatabaseNow()).order_by()
    messages: list[Message] = sorted(found, key=attrgetter("pk"), reverse=True)
    newest: Any = messages[0] if messages else None
    if newest is None:
        raise Refusal("not_found")
    verification: Verification = newest.verification
    verification.now = newest.now
    verification.newest_message = newest
    return verification, messages


def refusal_code(verification: Verification) -> str | None:
    """Return the code of the refusal for a verification that has ended, or None while it is pending."""
    state = verification.current_state
    if state == Verification.State.PENDING:
        return None
    return "already_verified" if state == Verification.State.VERIFIED else state


def attempt_of(
    action: Action,
    verification: Verification,
    profile: Profile,
    *,
    channel: str = "",
    ip: str | None,
    request: Any,
) -> Attempt:
    """Return the request for a resend or a check as the guard judges it."""
    return Attempt(
        action=action,
        number=verification.number,
        country=country_of(verification.number),  # a message has the country that LANCK reports
        channel=channel,
        profile=profile,
        user_id=verification.user_id,
        session=verification.binding_hash,
        address=ip,
        request=request,
        is_test=verification.is_test,
    )
