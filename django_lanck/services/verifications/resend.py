"""Send another code for a pending verification."""

from __future__ import annotations

import math
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.views.decorators.debug import sensitive_variables

from ...client import get_client
from ...conf import conf
from ...conf.profiles import Profile
from ...exceptions import Refusal
from ...guard import Attempt, admit, check_rules
from ...models import DatabaseNow, Verification, VerificationQuerySet
from ..figures.days import mark_changed_days
from ..messages.outgoing import Outgoing
from ..transactions import refuse_transaction
from .fixed_codes import fixed_code_for
from .issue import create_message, send_code, undo_if_refused
from .lookup import attempt_of, get_verification, refusal_code, verification_of_any_binding
from .options import method_of, profile_of


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

    The attempts are not reset. Once LANCK accepts the new code, only that one is right; if LANCK refuses it, the
    previous code stays right and the resend is refunded. Raises Refusal (``not_found``, ``expired``, ``exhausted``,
    ``canceled``, ``already_verified``, ``invalid_method``, ``resend_too_soon`` and ``too_many_requests`` with the
    seconds to wait, ``number_not_supported``, ``method_not_possible``, ``unavailable``). ``ip`` and ``request`` are
    those of :func:`start_verification`. Must not be called inside a transaction.
    """
    refuse_transaction()
    before = get_verification(verification_id=verification_id, binding=binding, purposes=purposes)
    return _resend(before, method, ip=ip, request=request)


@sensitive_variables()
def resend_for_person(*, verification_id: uuid.UUID | str, method: str | None = None) -> Verification:
    """Send another code on behalf of a person, for a verification of any binding. For staff.

    The person's waits and limits apply; no address is limited or sent to LANCK. The caller checks the permission of the
    staff. Raises as :func:`resend_verification`.
    """
    refuse_transaction()
    return _resend(verification_of_any_binding(verification_id), method, ip=None, request=None)


def methods_of(verification: Verification) -> tuple[str, ...]:
    """Return the methods that a resend of this verification may use."""
    return conf.profile_of_started(verification.purpose).methods_of(verification.code_source)


def seconds_to_resend(verification: Verification) -> int | None:
    """Return the whole seconds until another code may be requested; None where no more codes are sent.

    Without an attempt left, a new code could not be checked.
    """
    if verification.resend_at is None or not verification.attempts_left:
        return None
    return max(0, math.ceil((verification.resend_at - verification.now).total_seconds()))


def _resend(before: Verification, method: str | None, *, ip: str | None, request: Any) -> Verification:
    _check_may_resend(before)
    profile = profile_of(before.purpose)
    method = method_of(profile, before.code_source, method or before.method)
    _check_wait(before)
    attempt = attempt_of("resend", before, profile, channel=method, ip=ip, request=request)
    check_rules(attempt)
    get_client()  # invalid settings raise before a row is stored
    resend = _Resend(before, attempt, profile, _fixed_code(before))
    (verification, outgoing), admission = admit(attempt, resend.create)
    with undo_if_refused(resend.undo, admission):
        send_code(outgoing)
    return verification


@dataclass(frozen=True, slots=True)
class _Resend:
    """A resend that is to be created. ``before`` is the verification as it was read."""

    before: Verification
    attempt: Attempt
    profile: Profile
    fixed_code: str | None = field(repr=False)

    @property
    def row(self) -> VerificationQuerySet:
        return Verification.objects.filter(pk=self.before.pk)

    def create(self) -> tuple[Verification, Outgoing]:
        """Count the resend and create its message. Raises Refusal if another request was faster."""
        before, profile = self.before, self.profile
        wait = next(iter(profile.resend_waits[before.resends + 1 :]), None)
        method = self.attempt.channel
        if not self.row.claim_resend(resends=before.resends, method=method, wait=wait, lifetime=profile.lifetime):
            raise _refusal_of_conflict(before, wait or profile.lifetime)
        mark_changed_days(before.created_at)
        verification = self.row.annotate(now=DatabaseNow()).get()  # type: ignore[no-redef]
        return verification, create_message(verification, self.attempt, self.fixed_code)

    def undo(self) -> None:
        self.row.undo_resend(self.before)


def _check_may_resend(verification: Verification) -> None:
    """Raise Refusal for a verification that has ended or has no attempts left to check a new code."""
    if refused := refusal_code(verification):
        raise Refusal(refused)
    if verification.attempts_left == 0:
        raise Refusal("exhausted")


def _check_wait(verification: Verification) -> None:
    now, resend_at = verification.now, verification.resend_at
    if resend_at is None or resend_at > now:
        raise Refusal("resend_too_soon", retry_after=_seconds(now, resend_at or verification.expires_at))


def _fixed_code(verification: Verification) -> str | None:
    """Return the fixed code of a test number. Raises Refusal ``expired`` if it is no test number any more."""
    if not verification.is_test:
        return None
    code = fixed_code_for(verification.number, verification.purpose, None)
    if code is None:
        raise Refusal("expired")
    return code


def _refusal_of_conflict(before: Verification, wait: int) -> Refusal:
    """Return the refusal for a resend that lost to another request, which ended the verification or sent a code."""
    refused = refusal_code(verification_of_any_binding(before.pk))
    return Refusal(refused) if refused else Refusal("resend_too_soon", retry_after=wait)


def _seconds(since: datetime, until: datetime) -> int:
    return max(1, math.ceil((until - since).total_seconds()))
