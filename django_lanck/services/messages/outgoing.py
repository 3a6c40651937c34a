"""Send one stored message and store the outcome."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from django.db import IntegrityError, InterfaceError, OperationalError, transaction

from ... import exceptions
from ...client import Accepted, Content, Flow, get_client
from ...conf import conf
from ...models import Message, Status
from ..figures.days import mark_changed_days
from ..provider.call import call_provider
from ..provider.errors import log_failure
from .receipts import callback_url

C = TypeVar("C")

logger = logging.getLogger("django_lanck")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message whose row is stored, with what is sent once the row is committed.

    ``content`` is None for a test number, to which nothing is sent. The callback URL is built within the transaction,
    so that a site without the URLs of this app stores no row.
    """

    message: Message
    content: Content | None = None
    callback_url: str | None = field(default=None, repr=False)

    @classmethod
    def create(cls, message: Message, content: Content) -> Outgoing:
        return cls(message, content, callback_url(message))


def with_senders(content: Content, country: str) -> Content:
    """Return the content with the site's senders (``SENDERS``) where it has none of its own."""
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


def send(outgoing: Outgoing) -> Accepted | None:
    """Send a message whose row is committed, and store the outcome.

    Returns LANCK's answer; None for a test number, or if the outcome is unknown. Raises APIError or NotSent if LANCK
    did not accept the message. Must not be called inside a transaction.
    """
    message, content = outgoing.message, outgoing.content
    if content is None:
        record_outcome(message, Status.ACCEPTED)
        return None
    client = get_client()
    try:
        accepted = call_provider(
            lambda: client.send(content, number=message.number, callback_url=outgoing.callback_url)
        )
    except (exceptions.OutcomeUnknown, exceptions.InternalServerError) as error:
        logger.warning("Message %s: it is unknown whether LANCK accepted it: %s", message.pk, error)
        record_outcome(message, Status.UNKNOWN, error_reason=str(error)[:200])
        return None
    except (exceptions.APIError, exceptions.NotSent) as error:
        log_failure(f"Message {message.pk} was refused", error)
        code = getattr(error, "error_code", None)
        record_outcome(message, Status.REFUSED, error_code=code, error_reason=str(error)[:200])
        error.message_id = message.pk
        raise
    return accepted if _record_accepted(message, accepted) else None


def _record_accepted(message: Message, accepted: Accepted) -> bool:
    """Store the request id; return False where another message has it, and the outcome is unknown."""
    try:
        record_outcome(message, Status.ACCEPTED, request_id=accepted.request_id)
    except IntegrityError:
        logger.error("Message %s: LANCK answered with the request id of another message", message.pk)  # noqa: TRY400
        message.request_id = None
        record_outcome(message, Status.UNKNOWN)
        return False
    return True


def record_outcome(message: Message, status: Status, **fields: Any) -> None:
    """Store the outcome of sending a message. If the database fails, a receipt updates the row later."""
    for name, value in {"status": status, **fields}.items():
        setattr(message, name, value)
    try:
        with transaction.atomic():
            Message.objects.filter(pk=message.pk).record_answer(status, **fields)
            if message.verification:  # of a resend after midnight, the day of the start changes too
                mark_changed_days(message.verification.created_at)
    except (OperationalError, InterfaceError):
        logger.exception("Message %s: the status %s could not be stored", message.pk, status)
