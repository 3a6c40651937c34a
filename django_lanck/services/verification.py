"""Start, resend, cancel: the life of a verification up to its code."""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import get_language
from django.views.decorators.debug import sensitive_variables

from .. import signals
from ..client import LanckClient, Verify, get_client
from ..conf import CODE_SOURCES, LANGUAGES, Profile, conf
from ..exceptions import APIError, InvalidArgument, NotSent, Refusal
from ..models import Channel, DatabaseNow, Message, Verification
from ..models.time import seconds_from_now
from .asking import refuse_transaction
from .binding import binding_hashes
from .codes import code_content, code_hash, new_code, take_digits_of_call
from .numbers import country_of, parse_number
from .sending import call_for, refusal_for, send, sender_of, with_senders

if TYPE_CHECKING:
    from phonenumber_field.phonenumber import PhoneNumber


@sensitive_variables()
def start_verification(
    *,
    number: str | PhoneNumber,
    purpose: str = "signup",
    method: str | None = None,
    code_source: str | None = None,
    channel: str | None = None,
    language: str | None = None,
    user: Any = None,
    binding: str | Sequence[str] = "",
    ip: str | None = None,
) -> Verification:
    """Send a code to a number.

    ``code_source`` says who makes it: ``"lanck"`` or ``"site"`` (default: the purpose's). ``method`` is one of the
    purpose's methods (default: the first); for a code of the site's it is one of the purpose's channels, and may be
    called ``channel``. ``language`` is one that LANCK speaks (default: the active one where LANCK speaks it),
    ``binding`` whose verification it is (:func:`binding_for` of the request), ``ip`` the person's address, which LANCK
    gets if ``SEND_CLIENT_IP`` is set.

    Returns the verification; its ``delivery`` is ``"unknown"`` when LANCK perhaps took the message. Raises Refusal
    (``invalid_number``, ``invalid_method``, ``invalid_purpose``, ``invalid_language``, ``unavailable``), and
    InvalidArgument for another ``code_source``. Must not be called inside a transaction: the rows are committed before
    LANCK is asked.
    """
    refuse_transaction()
    profile = _profile(purpose)
    phone = parse_number(number)
    code_source = _code_source(profile, code_source)
    method = _method(profile, code_source, channel or method)
    language = _language(language)
    client = get_client()
    with transaction.atomic(durable=True):
        verification = _new_verification(profile, phone.as_e164, code_source, method, language, user, binding)
        message, send_code = _new_message(client, verification, phone, ip)
    try:
        send_code()
    except (APIError, NotSent) as error:
        Verification.objects.filter(pk=verification.pk).cancel()
        raise refusal_for(error) from error
    signals.verification_started.send_robust(Verification, verification=verification, message=message)
    return verification


@sensitive_variables()
def resend_verification(
    *,
    verification_id: uuid.UUID | str,
    method: str | None = None,
    binding: str | Sequence[str] = "",
    purposes: Collection[str] | None = None,
    ip: str | None = None,
) -> Verification:
    """Send another code for the same verification, by the same or another method.

    Attempts go on counting. Once LANCK accepted it, only the new code is right; if LANCK refuses it, the earlier code
    stays right and the resend is given back. Raises Refusal (``not_found``, ``expired``, ``exhausted``, ``canceled``,
    ``already_verified``, ``invalid_method``, ``resend_too_soon`` with the seconds to wait, ``unavailable``). Must not
    be called inside a transaction.
    """
    refuse_transaction()
    before = get_verification(verification_id=verification_id, binding=binding, purposes=purposes)
    if refused := refusal_code(before):
        raise Refusal(refused)
    if before.attempts_left == 0:
        raise Refusal("exhausted")  # no attempt is left to check a new code with
    profile = _profile(before.purpose)
    method = _method(profile, before.code_source, method or before.method)
    if before.resend_at is None or before.resend_at > before.now:
        raise Refusal("resend_too_soon", retry_after=_seconds(before.now, before.resend_at or before.expires_at))
    client = get_client()
    waits = profile.resend_waits[before.resends + 1 :]
    with transaction.atomic(durable=True):
        row = Verification.objects.filter(pk=before.pk)
        wait = waits[0] if waits else None
        if not row.claim_resend(resends=before.resends, method=method, wait=wait, lifetime=profile.lifetime):
            raise _lost_resend(before, binding, wait or profile.lifetime)
        verification = row.annotate(now=DatabaseNow()).get()  # type: ignore[no-redef]
        _message, send_code = _new_message(client, verification, parse_number(verification.number), ip)
    try:
        send_code()
    except (APIError, NotSent) as error:
        row.give_back_resend(before)
        raise refusal_for(error) from error
    return verification


def cancel_verification(
    *, verification_id: uuid.UUID | str, binding: str | Sequence[str] = "", purposes: Collection[str] | None = None
) -> Verification:
    """End a pending verification; one that ended before stays as it is.

    Raises Refusal (``not_found``, ``already_verified``).
    """
    verification = get_verification(verification_id=verification_id, binding=binding, purposes=purposes)
    if verification.state == Verification.State.PENDING:
        row = Verification.objects.filter(pk=verification.pk)
        row.cancel()
        verification.state = row.values_list("state", flat=True).get()
    if verification.state == Verification.State.VERIFIED:
        raise Refusal("already_verified")
    return verification


def get_verification(
    *, verification_id: uuid.UUID | str, binding: str | Sequence[str] = "", purposes: Collection[str] | None = None
) -> Verification:
    """The verification with its newest message and the database's time. Raises Refusal ``not_found``.

    With ``purposes``, one for another purpose is not found either.
    """
    return verification_and_messages(verification_id, binding, purposes)[0]


def verification_and_messages(
    verification_id: uuid.UUID | str, binding: str | Sequence[str], purposes: Collection[str] | None = None
) -> tuple[Verification, list[Message]]:
    """One statement: the verification and its messages, newest first."""
    try:
        pk = verification_id if isinstance(verification_id, uuid.UUID) else uuid.UUID(verification_id)
    except ValueError:
        raise Refusal("not_found") from None
    found = (
        Message.objects.filter(verification=pk, verification__binding_hash__in=binding_hashes(binding))
        .select_related("verification")
        .annotate(now=DatabaseNow())
        .order_by()
    )
    if purposes is not None:
        found = found.filter(verification__purpose__in=purposes)
    messages = sorted(found, key=attrgetter("pk"), reverse=True)
    newest: Any = messages[0] if messages else None
    if newest is None:
        raise Refusal("not_found")
    verification: Verification = newest.verification
    verification.now = newest.now
    verification.newest_message = newest
    return verification, messages


def refusal_code(verification: Verification) -> str | None:
    """Why nothing more can be done with a verification, or None while it is pending."""
    state = verification.current_state
    if state == Verification.State.PENDING:
        return None
    return "already_verified" if state == Verification.State.VERIFIED else state


def _lost_resend(before: Verification, binding: str | Sequence[str], wait: int) -> Refusal:
    """Why somebody else was faster: they ended it, or took this resend."""
    refused = refusal_code(get_verification(verification_id=before.pk, binding=binding))
    return Refusal(refused) if refused else Refusal("resend_too_soon", retry_after=wait)


def _profile(purpose: str) -> Profile:
    try:
        return conf.profile(purpose)
    except KeyError:
        raise Refusal("invalid_purpose") from None


def _code_source(profile: Profile, code_source: str | None) -> str:
    code_source = code_source or profile.code_source
    if code_source not in CODE_SOURCES:
        raise InvalidArgument("code_source", f"It has to be one of {', '.join(CODE_SOURCES)}.")
    return code_source


def _method(profile: Profile, code_source: str, method: str | None) -> str:
    offered = profile.methods_of(code_source)
    method = method or offered[0]
    if method not in offered:
        raise Refusal("invalid_method")
    return method


def _language(language: str | None) -> str:
    if language is None:
        active = (get_language() or "").partition("-")[0]
        return active if active in LANGUAGES else ""
    if language not in LANGUAGES:
        raise Refusal("invalid_language")
    return language


def _seconds(since: datetime, until: datetime) -> int:
    return max(1, math.ceil((until - since).total_seconds()))


def _new_verification(
    profile: Profile,
    number: str,
    code_source: str,
    method: str,
    language: str,
    user: Any,
    binding: str | Sequence[str],
) -> Verification:
    first_wait = profile.resend_waits[0] if profile.resend_waits else None
    verification = Verification.objects.create(
        number=number,
        purpose=profile.purpose,
        code_source=code_source,
        method=method,
        language=language,
        user=user if user is not None and user.is_authenticated else None,
        binding_hash=binding_hashes(binding)[0],
        code_length=profile.code_length,
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


def _new_message(
    client: LanckClient, verification: Verification, phone: PhoneNumber, ip: str | None
) -> tuple[Message, Callable[[], object]]:
    """The row of the message that carries the next code, and what sends it once the row is committed."""
    message = Message(
        verification=verification,
        channel=verification.method,
        number=verification.number,
        country=country_of(phone),
    )
    verification.newest_message = message
    if verification.code_source == Verification.CodeSource.SITE:
        return message, _own_code(client, verification, message)
    return message, _lancks_code(client, verification, message, ip)


def _lancks_code(
    client: LanckClient, verification: Verification, message: Message, ip: str | None
) -> Callable[[], object]:
    message.sender = conf.sender(message.channel, message.country) or ""
    message.save()
    content = Verify(
        verification.method,
        sender=message.sender or None,
        language=None if verification.method == Channel.CALL else verification.language or None,
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
    if message.channel != Channel.FLASH:  # one that always comes from the same number would always have the same code
        content = with_senders(content, message.country)
    message.code_hash, message.content = code_hash(message, code), content.stored(secret=code)
    message.sender = sender_of(content)
    message.save(update_fields=["code_hash", "content", "sender"])
    call = call_for(client, content, message)
    return lambda: take_digits_of_call(message, send(message, call), code)
