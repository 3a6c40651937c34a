"""Classify, log and translate the errors of calls to LANCK."""

from __future__ import annotations

import logging

from django.utils.translation import gettext as _

from ... import exceptions
from .alarms import ACCOUNT_ERRORS

logger = logging.getLogger("django_lanck")

# LANCK did not carry the call out, and not because of its arguments: the same call may succeed later.
SAFE_TO_RETRY = (exceptions.NotSent, exceptions.TooManyRequests, *ACCOUNT_ERRORS)


def log_failure(what: str, error: exceptions.LanckError) -> None:
    logger.warning("%s: %s", what, error)


def refusal_for(error: exceptions.LanckError) -> exceptions.Refusal:
    """Return the refusal for a message that LANCK did not accept: ``invalid_number`` or ``unavailable``."""
    if isinstance(error, exceptions.InvalidNumber):
        return exceptions.Refusal("invalid_number")
    return unavailable_refusal(error)


def refusal_of(error: exceptions.LanckError) -> exceptions.Refusal:
    """Return the refusal that a client of the site gets for any error of a call; it says nothing about the account."""
    if isinstance(error, exceptions.InvalidArgument):
        refusal = exceptions.Refusal("invalid_argument", errors={error.field: [error.reason]})
    elif isinstance(error, exceptions.SenderNotAllowed):
        sentence = _("LANCK does not allow this sender.")
        refusal = exceptions.Refusal("invalid_argument", errors={"sender": [sentence]})
    elif isinstance(error, (exceptions.InvalidNumber, *SAFE_TO_RETRY)):
        refusal = refusal_for(error)
    else:
        refusal = exceptions.Refusal("refused")
    refusal.message_id = error.message_id
    return refusal


def unavailable_refusal(error: exceptions.LanckError) -> exceptions.Refusal:
    """Return the refusal ``unavailable``, which says nothing about the LANCK account, with the seconds to wait."""
    wait = 60 if isinstance(error, ACCOUNT_ERRORS) else getattr(error, "retry_after", None) or 5
    return exceptions.Refusal("unavailable", retry_after=wait)
