"""Start, resend, cancel: the life of a verification up to its code."""

from __future__ import annotations

import contextlib
import math
import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from django.utils.translation import get_language
from django.views.decorators.debug import sensitive_variables

from ... import signals
from ...client import get_client
from ...conf import CODE_SOURCES, LANGUAGES, conf, lancks_language
from ...conf.profiles import Profile
from ...exceptions import APIError, InvalidArgument, NotSent, Refusal
from ...guard import Action, Admission, Attempt, admit, check_rules
from ...models import DatabaseNow, Message, Verification
from ...models.verification import LANGUAGE_LENGTH
from ..figures.days import mark_changed_days
from ..numbers import country_of, parse_number
from ..provider.failures import NOT_CARRIED_OUT, refusal_for
from ..transactions import refuse_transaction
from .binding import binding_hashes
from .fixed_codes import fixed_code_for
from .issue import new_message, new_verification
from .screening import screen

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
    request: Any = None,
) -> Verification:
    """Send a code to a number.

    ``code_source`` says who makes it: ``"lanck"`` or ``"site"`` (default: the purpose's). ``method`` is one of the
    purpose's methods (default: the first); for a code of the site's it is one of the purpose's channels, and may be
    called ``channel``. ``language`` is one that LANCK speaks (default: the active one; for LANCK's code where LANCK
    speaks it), ``binding`` whose verification it is (:func:`binding_for` of the request), ``ip`` the person's
    address (:func:`client_address` of the request), by which starts are limited and which LANCK gets if
    ``SEND_CLIENT_IP`` is set. ``request`` is only handed to the site's own rule (``GUARD``).

    Returns the verification; its ``delivery`` is ``"unknown"`` when LANCK perhaps took the message. Raises Refusal
    (``invalid_number``, ``invalid_method``, ``invalid_purpose``, ``invalid_language``, ``number_not_supported``,
    ``method_not_possible``, ``resend_too_soon`` and ``too_many_requests`` with the seconds to wait, ``unavailable``),
    and InvalidArgument for another ``code_source``. Must not be called inside a transaction: the rows are committed
    before LANCK is asked.
    """
    refuse_transaction()
    profile = _profile(purpose)
    phone = parse_number(number)
    code_source = _code_source(profile, code_source)
    method = _method(profile, code_source, channel or method)
    language = _language(code_source, language)
    user = user if user is not None and user.is_authenticated else None
    fixed_code = fixed_code_for(phone.as_e164, purpose, user)
    attempt = Attempt(
        action="start",
        number=phone.as_e164,
        country=country_of(phone),
        channel=method,
        profile=profile,
        user_id=user and user.pk,
        session=binding_hashes(binding)[0],
        address=ip,
        request=request,
        is_test=fixed_code is not None,
    )
    check_rules(attempt)
    client = get_client()

    def keep() -> tuple[Verification, Message, Callable[[], object]]:
        verification = new_verification(attempt, profile, code_source, language, user, fixed_code)
        return verification, *new_message(client, verification, attempt, fixed_code)

    (verification, message, send_code), admission = admit(attempt, keep)
    with _undone_when_refused(Verification.objects.filter(pk=verification.pk).cancel, admission):
        screen(attempt, message)
        send_code()
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
    request: Any = None,
) -> Verification:
    """Send another code for the same verification, by the same or another method.

    Attempts go on counting. Once LANCK accepted it, only the new code is right; if LANCK refuses it, the earlier code
    stays right and the resend is given back. Raises Refusal (``not_found``, ``expired``, ``exhausted``, ``canceled``,
    ``already_verified``, ``invalid_method``, ``resend_too_soon`` and ``too_many_requests`` with the seconds to wait,
    ``number_not_supported``, ``method_not_possible``, ``unavailable``). ``ip`` and ``request`` as for a start. Must
    not be called inside a transaction.
    """
    refuse_transaction()
    before = get_verification(verification_id=verification_id, binding=binding, purposes=purposes)
    return _resend(before, method, ip=ip, request=request)


@sensitive_variables()
def resend_for_person(*, verification_id: uuid.UUID | str, method: str | None = None) -> Verification:
    """The same for staff whom the person asked to: whoever's verification it is.

    The waits and the limits are the person's and hold; no address is limited, and LANCK is told of none. Whoever calls
    this has made sure that these staff may send. Raises as :func:`resend_verification`.
    """
    refuse_transaction()
    return _resend(_newest_first(verification_id, Message.objects.all())[0], method, ip=None, request=None)


@sensitive_variables()
def _resend(before: Verification, method: str | None, *, ip: str | None, request: Any) -> Verification:
    if refused := refusal_code(before):
        raise Refusal(refused)
    if before.attempts_left == 0:
        raise Refusal("exhausted")  # no attempt is left to check a new code with
    profile = _profile(before.purpose)
    method = _method(profile, before.code_source, method or before.method)
    if before.resend_at is None or before.resend_at > before.now:
        raise Refusal("resend_too_soon", retry_after=_seconds(before.now, before.resend_at or before.expires_at))
    attempt = attempt_of("resend", before, profile, channel=method, ip=ip, request=request)
    check_rules(attempt)
    client = get_client()
    row = Verification.objects.filter(pk=before.pk)
    wait = next(iter(profile.resend_waits[before.resends + 1 :]), None)
    fixed_code = fixed_code_for(before.number, before.purpose, None) if before.is_test else None
    if before.is_test and fixed_code is None:
        raise Refusal("expired")

    def keep() -> tuple[Verification, Callable[[], object]]:
        if not row.claim_resend(resends=before.resends, method=method, wait=wait, lifetime=profile.lifetime):
            raise _lost_resend(before, wait or profile.lifetime)
        mark_changed_days(before.created_at)
        verification = row.annotate(now=DatabaseNow()).get()  # type: ignore[no-redef]
        return verification, new_message(client, verification, attempt, fixed_code)[1]

    (verification, send_code), admission = admit(attempt, keep)
    with _undone_when_refused(lambda: row.give_back_resend(before), admission):
        send_code()
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
    theirs = Message.objects.filter(verification__binding_hash__in=binding_hashes(binding))
    if purposes is not None:
        theirs = theirs.filter(verification__purpose__in=purposes)
    return _newest_first(verification_id, theirs)


def _newest_first(verification_id: uuid.UUID | str, among: QuerySet[Message]) -> tuple[Verification, list[Message]]:
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
    """Why nothing more can be done with a verification, or None while it is pending."""
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
    """What somebody wants of a verification."""
    return Attempt(
        action=action,
        number=verification.number,
        country=country_of(verification.number),  # a message has the country that LANCK found
        channel=channel,
        profile=profile,
        user_id=verification.user_id,
        session=verification.binding_hash,
        address=ip,
        request=request,
        is_test=verification.is_test,
    )


@contextlib.contextmanager
def _undone_when_refused(undo: Callable[[], object], admission: Admission) -> Iterator[None]:
    """Around a send: where it is refused, undo the row and tell the person.

    What their attempt took is given back where LANCK did nothing, through no fault of it.
    """
    try:
        yield
    except (APIError, NotSent, Refusal) as error:
        undo()
        if isinstance(error, NOT_CARRIED_OUT):
            admission.refund()
        raise (error if isinstance(error, Refusal) else refusal_for(error)) from error


def _lost_resend(before: Verification, wait: int) -> Refusal:
    """Why somebody else was faster: they ended it, or took this resend."""
    refused = refusal_code(_newest_first(before.pk, Message.objects.all())[0])
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


def _language(code_source: str, language: str | None) -> str:
    """What the code is written or spoken in. The site's own texts may have languages that LANCK does not speak."""
    if language is None:
        active = get_language() or ""
        fits = code_source == Verification.CodeSource.SITE and len(active) <= LANGUAGE_LENGTH
        return active if fits else lancks_language(active)
    if language not in LANGUAGES:
        raise Refusal("invalid_language")
    return language


def _seconds(since: datetime, until: datetime) -> int:
    return max(1, math.ceil((until - since).total_seconds()))
