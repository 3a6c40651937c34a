"""Store a message and send it: at once, or after the commit of the caller's transaction."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from ...client import SMS, Content, get_client
from ...exceptions import APIError, InvalidArgument, NotSent, Refusal
from ...guard import Admission, Attempt, admit, check_rules
from ...models import Category, Message, OptOut, Status
from ..numbers import country_of, parse_known_number
from ..provider.errors import SAFE_TO_RETRY
from ..transactions import waits_for_commit
from .links import link_url
from .outgoing import Outgoing, record_outcome, send, sender_of, with_senders
from .statuses import announce

if TYPE_CHECKING:
    from phonenumber_field.phonenumber import PhoneNumber

Number: TypeAlias = "str | PhoneNumber"
TRANSACTIONAL: Final = "transactional"
LINK: Final = "{link}"


def deliver(content: Content, *, number: Number, category: str = TRANSACTIONAL, link: str = "") -> Message:
    """Store a message with this content and send it, after the commit inside a transaction. Returns the message."""
    waits = waits_for_commit()
    phone = parse_known_number(number)
    _check_category(category, phone.as_e164)
    country = country_of(phone)
    attempt = Attempt(action="send", number=phone.as_e164, country=country, channel=content.channel)
    check_rules(attempt)
    content = with_senders(content, country)
    message = Message(
        channel=content.channel,
        category=category,
        number=phone.as_e164,
        sender=sender_of(content),
        country=country,
        content=content.stored(),
        link=link,
    )
    get_client()  # invalid settings raise before the row is stored
    outgoing, admission = admit(attempt, partial(_store, message, content), inside=waits)
    if waits:
        transaction.on_commit(lambda: _send_after_commit(outgoing, admission), robust=True)
    else:
        _send_now(outgoing, admission)
    return message


def _store(message: Message, content: Content) -> Outgoing:
    message.pk = None  # of an attempt that the database rolled back
    message.save(force_insert=True)
    if message.link and isinstance(content, SMS):
        content = replace(content, text=content.text.replace(LINK, link_url(message)))
    return Outgoing.create(message, content)


def _check_category(category: str, number: str) -> None:
    if category not in Category.values:
        raise InvalidArgument("category", f"It has to be one of {', '.join(Category.values)}.")
    if _is_opted_out(category, number):
        raise Refusal("opted_out")


def _is_opted_out(category: str, number: str) -> bool:
    return category == Category.MARKETING and OptOut.objects.standing().filter(number=number).exists()


def _send_now(outgoing: Outgoing, admission: Admission) -> None:
    try:
        accepted = send(outgoing)
    except SAFE_TO_RETRY:
        admission.refund()
        raise
    outgoing.message.caller = accepted.caller if accepted else ""


@sensitive_variables()
def _send_after_commit(outgoing: Outgoing, admission: Admission) -> None:
    message = outgoing.message
    # Checked again: an opt-out may arrive before a long transaction commits.
    if _is_opted_out(message.category, message.number):
        record_outcome(message, Status.REFUSED, error_reason="The owner of the number opted out before it was sent.")
        announce(message, Status.SENDING)
        return
    try:
        _send_now(outgoing, admission)
    except (APIError, NotSent):
        announce(message, Status.SENDING)
