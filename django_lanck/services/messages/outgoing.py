"""One message through one call, with an honest word for how it ended."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from django.db import IntegrityError, InterfaceError, OperationalError, transaction

from ... import exceptions
from ...client import Accepted, Content, Flow, LanckClient
from ...conf import conf
from ...models import Message, Status
from ..figures.days import mark_changed_days
from ..provider.call import call_provider
from ..provider.failures import log_failure
from .receipts import callback_url

C = TypeVar("C")

logger = logging.getLogger("django_lanck")


def with_senders(content: Content, country: str) -> Content:
    """The content, with the site's senders (``SENDERS``) where it names none itself."""
    if isinstance(content, Flow):
        rest = tuple(replace(each, step=_with_sender(each.step, country)) for each in content.rest)
        return replace(content, first=_with_sender(content.first, country), rest=rest)
    return _with_sender(content, country)


def _with_sender(content: C, country: str) -> C:
    if isinstance(content, Content) and getattr(content, "sender", "") is None:
        return replace(content, sender=conf.sender(content.channel, country))  # type: ignore[call-arg]
    return content


def sender_of(content: Content) -> str:
    return getattr(content, "sender", None) or ""


def call_for(client: LanckClient, content: Content, message: Message) -> Callable[[], Accepted]:
    """The call that delivers a message. Made in the transaction of its row, which a mistake then undoes."""
    callback = callback_url(message)
    return lambda: client.send(content, number=message.number, callback_url=callback)


def send(message: Message, call: Callable[[], Accepted]) -> Accepted | None:
    """Make the call that delivers the message, and keep how it ended.

    The message's row is committed before, and nothing is held during the call. Returns LANCK's answer, or None when
    LANCK perhaps took the message (status ``unknown``); raises APIError or NotSent when it surely did not.
    """
    try:
        accepted = call_provider(call)
    except (exceptions.OutcomeUnknown, exceptions.InternalServerError) as error:
        logger.warning("Message %s: whether LANCK took it is unknown: %s", message.pk, error)
        record(message, Status.UNKNOWN, error_reason=str(error)[:200])
        return None
    except (exceptions.APIError, exceptions.NotSent) as error:
        log_failure(f"Message {message.pk} was refused", error)
        code = getattr(error, "error_code", None)
        record(message, Status.REFUSED, error_code=code, error_reason=str(error)[:200])
        error.message_id = message.pk
        raise
    try:
        record(message, Status.ACCEPTED, request_id=accepted.request_id)
    except IntegrityError:
        logger.error("Message %s: LANCK answered with the request id of another message", message.pk)  # noqa: TRY400
        message.request_id = None
        record(message, Status.UNKNOWN)
        return None
    return accepted


def record(message: Message, status: Status, **fields: Any) -> None:
    """Keep what LANCK answered. Where the database is away by now, the message's receipt finds the row later."""
    for name, value in {"status": status, **fields}.items():
        setattr(message, name, value)
    try:
        with transaction.atomic():
            Message.objects.filter(pk=message.pk).record_answer(status, **fields)
            if message.verification:  # a resend may have outlived the day
                mark_changed_days(message.verification.created_at)
    except (OperationalError, InterfaceError):
        logger.exception("Message %s: that it is %s could not be kept", message.pk, status)
