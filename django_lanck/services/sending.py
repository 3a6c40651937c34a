"""One message through one call, with an honest word for how it ended."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import IntegrityError, transaction

from .. import exceptions
from ..client import Accepted
from ..models import Message, Status
from .asking import ask

logger = logging.getLogger("django_lanck")

# What LANCK says about the account is the site's to repair and nothing that a person did.
ACCOUNT_ERRORS = (
    exceptions.AuthenticationFailed,
    exceptions.InactiveAccount,
    exceptions.InactiveToken,
    exceptions.InsufficientFunds,
    exceptions.Forbidden,
    exceptions.AccountMisconfigured,
)


def send(message: Message, call: Callable[[], Accepted]) -> None:
    """Make the call that delivers the message, and keep how it ended.

    The message's row is committed before, and nothing is held during the call. Returns when LANCK took the message
    or perhaps took it (status ``unknown``); raises APIError or NotSent when it surely did not.
    """
    row = Message.objects.filter(pk=message.pk)
    try:
        accepted = ask(call)
    except (exceptions.OutcomeUnknown, exceptions.InternalServerError) as error:
        logger.warning("Message %s: whether LANCK took it is unknown: %s", message.pk, error)
        _remember(message, Status.UNKNOWN)
        row.record_answer(Status.UNKNOWN, error_reason=str(error)[:200])
    except (exceptions.APIError, exceptions.NotSent) as error:
        log_failure(f"Message {message.pk} was refused", error)
        _remember(message, Status.REFUSED)
        code = getattr(error, "error_code", None)
        row.record_answer(Status.REFUSED, error_code=code, error_reason=str(error)[:200])
        raise
    else:
        _remember(message, Status.ACCEPTED, accepted.request_id)
        try:
            with transaction.atomic():
                row.record_answer(Status.ACCEPTED, request_id=accepted.request_id)
        except IntegrityError:
            logger.error("Message %s: LANCK answered with the request id of another message", message.pk)  # noqa: TRY400
            _remember(message, Status.UNKNOWN)
            row.record_answer(Status.UNKNOWN)


def _remember(message: Message, status: Status, request_id: str | None = None) -> None:
    message.status, message.request_id = status, request_id


def log_failure(what: str, error: exceptions.LanckError) -> None:
    level = logging.ERROR if isinstance(error, ACCOUNT_ERRORS) else logging.WARNING
    logger.log(level, "%s: %s", what, error)


def refusal_for(error: exceptions.LanckError) -> exceptions.Refusal:
    """What a person is told when LANCK took nothing: nothing about the account, and a time to wait where that helps."""
    if isinstance(error, exceptions.InvalidNumber):
        return exceptions.Refusal("invalid_number")
    return unavailable(error)


def unavailable(error: exceptions.LanckError) -> exceptions.Refusal:
    wait = 60 if isinstance(error, ACCOUNT_ERRORS) else 5
    return exceptions.Refusal("unavailable", retry_after=wait)
