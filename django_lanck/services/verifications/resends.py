"""What a person may still ask for: when another code, and by which method."""

from __future__ import annotations

import math

from ...conf import conf
from ...models import Verification


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
