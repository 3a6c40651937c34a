"""The rows of a verification and of its next message, and what sends the code once they are committed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.views.decorators.debug import sensitive_variables

from ...channels import channel_spec
from ...client import LanckClient, Verify
from ...conf import conf
from ...conf.profiles import Profile
from ...guard import Attempt
from ...models import Message, Verification
from ...models.time import seconds_from_now
from ..messages.outgoing import call_for, send, sender_of, with_senders
from .codes import code_content, code_hash, new_code, take_digits_of_call
from .fixed_codes import keep_fixed_code


def new_verification(
    attempt: Attempt, profile: Profile, code_source: str, language: str, user: Any, fixed_code: str | None
) -> Verification:
    first_wait = profile.resend_waits[0] if profile.resend_waits else None
    verification = Verification.objects.create(
        number=attempt.number,
        purpose=profile.purpose,
        code_source=code_source,
        method=attempt.channel,
        language=language,
        user=user,
        binding_hash=attempt.session,
        is_test=attempt.is_test,
        code_length=len(fixed_code) if fixed_code else profile.code_length,
        max_attempts=profile.max_attempts,
        expires_at=seconds_from_now(profile.lifetime),
        resend_at=None if first_wait is None else seconds_from_now(first_wait),
    )
    # The database set the times; the row returned only its own creation.
    start = verification.created_at
    verification.now = start
    verification.expires_at = start + timedelta(seconds=profile.lifetime)
    verification.resend_at = None if first_wait is None else start + timedelta(seconds=first_wait)
    return verification


def new_message(
    client: LanckClient, verification: Verification, attempt: Attempt, fixed_code: str | None
) -> tuple[Message, Callable[[], object]]:
    """The row of the message that carries the next code, and what sends it once the row is committed."""
    message = Message(
        verification=verification,
        channel=verification.method,
        number=verification.number,
        country=attempt.country,
        is_test=verification.is_test,
    )
    verification.newest_message = message
    if fixed_code is not None:
        return message, keep_fixed_code(message, fixed_code)
    if verification.code_source == Verification.CodeSource.SITE:
        return message, _own_code(client, verification, message)
    return message, _lancks_code(client, verification, message, attempt.address)


def _lancks_code(
    client: LanckClient, verification: Verification, message: Message, ip: str | None
) -> Callable[[], object]:
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
    call = call_for(client, content, message)
    return lambda: send(message, call)


@sensitive_variables()
def _own_code(client: LanckClient, verification: Verification, message: Message) -> Callable[[], object]:
    """The code's keyed hash is kept before the code leaves."""
    message.save()  # the hash is bound to its key
    code = new_code(verification.code_length)
    content = code_content(message.channel, code, verification.language)
    # A flash call that always came from the same number would always have the same code.
    if not channel_spec(message.channel).code_is_caller:
        content = with_senders(content, message.country)
    message.code_hash, message.content = code_hash(message, code), content.stored(secret=code)
    message.sender = sender_of(content)
    message.save(update_fields=["code_hash", "content", "sender"])
    call = call_for(client, content, message)
    return lambda: take_digits_of_call(message, send(message, call), code)
