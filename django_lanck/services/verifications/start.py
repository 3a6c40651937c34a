"""Start a verification."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.views.decorators.debug import sensitive_variables

from ... import signals
from ...client import get_client
from ...guard import Attempt, admit, check_rules
from ...models import Verification
from ..numbers import country_of, parse_number
from ..transactions import refuse_transaction
from .binding import binding_hashes
from .fixed_codes import fixed_code_for
from .issue import NewVerification, send_code, undo_if_refused
from .options import code_source_of, language_of, method_of, profile_of
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
    """Send a code to a number and return the new verification.

    ``code_source`` is ``"lanck"`` or ``"site"``: who generates the code (default: the purpose's). ``method`` is one of
    the purpose's methods (default: the first); for the site's code it is one of the purpose's channels, and ``channel``
    is another name for it. ``language`` is one that LANCK has (default: the active one, if LANCK has it). ``binding``
    ties the verification to its owner (:func:`binding_for` of the request). ``ip`` is the person's address
    (:func:`client_address` of the request): starts are limited by it, and LANCK receives it with ``SEND_CLIENT_IP``.
    ``request`` is passed to the site's own rule (``GUARD``).

    The verification's ``delivery`` is ``"unknown"`` if LANCK may have accepted the message. Raises Refusal
    (``invalid_number``, ``invalid_method``, ``invalid_purpose``, ``invalid_language``, ``number_not_supported``,
    ``method_not_possible``, ``resend_too_soon`` and ``too_many_requests`` with the seconds to wait, ``unavailable``),
    and InvalidArgument for another ``code_source``. Must not be called inside a transaction: the rows are committed
    before LANCK is called.
    """
    refuse_transaction()
    profile = profile_of(purpose)
    user = user if user is not None and user.is_authenticated else None
    phone = parse_number(number, user=user)
    code_source = code_source_of(profile, code_source)
    method = method_of(profile, code_source, channel or method)
    language = language_of(code_source, language)
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
    return _create_and_send(NewVerification(attempt, profile, code_source, language, user, fixed_code))


def _create_and_send(new: NewVerification) -> Verification:
    get_client()  # invalid settings raise before a row is stored
    (verification, outgoing), admission = admit(new.attempt, new.create)
    with undo_if_refused(Verification.objects.filter(pk=verification.pk).cancel, admission):
        screen(new.attempt, outgoing.message)
        send_code(outgoing)
    signals.verification_started.send_robust(Verification, verification=verification, message=outgoing.message)
    return verification
