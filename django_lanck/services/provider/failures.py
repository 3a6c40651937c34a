"""How a failed call to LANCK is logged and reported to the person who waits for it."""

from __future__ import annotations

import logging

from django.utils.translation import gettext as _

from ... import exceptions
from .alarms import ACCOUNT_ERRORS

logger = logging.getLogger("django_lanck")

# LANCK surely did nothing, and not because of what was asked: the same may go well later.
NOT_CARRIED_OUT = (exceptions.NotSent, exceptions.TooManyRequests, *ACCOUNT_ERRORS)


def log_failure(what: str, error: exceptions.LanckError) -> None:
    logger.warning("%s: %s", what, error)


def refusal_for(error: exceptions.LanckError) -> exceptions.Refusal:
    """What a person is told when LANCK took nothing: nothing about the account, and a time to wait where that helps."""
    if isinstance(error, exceptions.InvalidNumber):
        return exceptions.Refusal("invalid_number")
    return unavailable(error)


def refusal_of(error: exceptions.LanckError) -> exceptions.Refusal:
    """Return the refusal that a client of the site gets for any error of a call; it says nothing about the account."""
    if isinstance(error, exceptions.InvalidArgument):
        refusal = exceptions.Refusal("invalid_argument", errors={error.field: [error.reason]})
    elif isinstance(error, exceptions.SenderNotAllowed):
        sentence = _("LANCK does not allow this sender.")
        refusal = exceptions.Refusal("invalid_argument", errors={"sender": [sentence]})
    elif isinstance(error, (exceptions.InvalidNumber, *NOT_CARRIED_OUT)):
        refusal = refusal_for(error)
    else:
        refusal = exceptions.Refusal("refused")
    refusal.message_id = error.message_id
    return refusal


def unavailable(error: exceptions.LanckError) -> exceptions.Refusal:
    wait = 60 if isinstance(error, ACCOUNT_ERRORS) else getattr(error, "retry_after", None) or 5
    return exceptions.Refusal("unavailable", retry_after=wait)
