"""Create the rows of a verification and of its next message, and send the code."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from ...channels import channel_spec
from ...client import Verify
from ...conf import conf
from ...conf.profiles import Profile
from ...exceptions import APIError, NotSent, Refusal
from ...guard import Admission, Attempt
from ...models import Message, Verification
from ...models.time import seconds_from_now
from ..messages.outgoing import Outgoing, send, sender_of, with_senders
from ..provider.errors import SAFE_TO_RETRY, refusal_for
from .codes import code_content, code_hash, new_code, store_caller_digits


@dataclass(frozen=True, slots=True)
class NewVerification:
    """The values of a verification that is to be created. ``fixed_code`` is that of a test number."""

    attempt: Attempt
    profile: Profile
    code_source: str
    language: str
    user: Any
    fixed_code: str | None = field(repr=False)

    def create(self) -> tuple[Verification, Outgoing]:
        """Create the verification and its first message."""
        verification = self._create_verification()
        return verification, create_message(verification, self.attempt, self.fixed_code)

    def _create_verification(self) -> Verification:
        attempt, profile = self.attempt, self.profile
        first_wait = profile.resend_waits[0] if profile.resend_waits else None
        verification = Verification.objects.create(
            number=attempt.number,
            purpose=profile.purpose,
            code_source=self.code_source,
            method=attempt.channel,
            language=self.language,
            user=self.user,
            binding_hash=attempt.session,
            is_test=attempt.is_test,
            code_length=len(self.fixed_code) if self.fixed_code else profile.code_length,
            max_attempts=profile.max_attempts,
            expires_at=seconds_from_now(profile.lifetime),
            resend_at=None if first_wait is None else seconds_from_now(first_wait),
        )
        # The database computes the times and returns only created_at.
        start = verification.created_at
        verification.now = start
        verification.expires_at = start + timedelta(seconds=profile.lifetime)
        verification.resend_at = None if first_wait is None else start + timedelta(seconds=first_wait)
        return verification


def create_message(verification: Verification, attempt: Attempt, fixed_code: str | None) -> Outgoing:
    """Create the message that carries the verification's next code."""
    message = Message(
        verification=verification,
        channel=verification.method,
        number=verification.number,
        country=attempt.country,
        is_test=verification.is_test,
    )
    verification.newest_message = message
    if fixed_code is not None:
        return _create_with_fixed_code(message, fixed_code)
    if verification.code_source == Verification.CodeSource.SITE:
        return _create_with_site_code(verification, message)
    return _create_with_lanck_code(verification, message, attempt.address)


def _create_with_lanck_code(verification: Verification, message: Message, ip: str | None) -> Outgoing:
    message.sender = conf.sender(message.channel, message.country) or ""
    message.save()
    content = Verify(
        verification.method,
        sender=message.sender or None,
        language=(verification.language or None) if channel_spec(verification.method).takes_language else None,
        code_length=verification.code_length,
        ip=ip or None if conf.send_client_ip else None,
        code_expiry=conf.provider_code_expiry,
        check_attempts_allowed=conf.provider_check_attempts,
    )
    return Outgoing.create(message, content)


def _create_with_site_code(verification: Verification, message: Message) -> Outgoing:
    message.save()  # the hash of the code depends on the message's key
    code = new_code(verification.code_length)
    content = code_content(message.channel, code, verification.language)
    # A flash call that always came from the same number would always have the same code.
    if not channel_spec(message.channel).code_is_caller:
        content = with_senders(content, message.country)
    message.code_hash, message.content = code_hash(message, code), content.stored(secret=code)
    message.sender = sender_of(content)
    message.save(update_fields=["code_hash", "content", "sender"])
    return Outgoing.create(message, content)


def _create_with_fixed_code(message: Message, code: str) -> Outgoing:
    message.save()  # the hash of the code depends on the message's key
    message.code_hash = code_hash(message, code)
    message.save(update_fields=["code_hash"])
    return Outgoing(message)


def send_code(outgoing: Outgoing) -> None:
    """Send the code once the rows are committed."""
    accepted = send(outgoing)
    if accepted and outgoing.message.code_hash:
        store_caller_digits(outgoing.message, accepted, getattr(outgoing.content, "code", ""))


@contextlib.contextmanager
def undo_if_refused(undo: Callable[[], object], admission: Admission) -> Iterator[None]:
    """Call ``undo`` and raise Refusal if the message within is refused.

    The limits are refunded if LANCK did not carry the request out for a reason that is not the person's.
    """
    try:
        yield
    except (APIError, NotSent, Refusal) as error:
        undo()
        if isinstance(error, SAFE_TO_RETRY):
            admission.refund()
        raise (error if isinstance(error, Refusal) else refusal_for(error)) from error
