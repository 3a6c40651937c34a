"""Texts, pushes, chains and calls to a number: each one row, one call, and an honest word for how it ended.

Each ``send_…`` and call makes a :class:`~django_lanck.models.Message` before LANCK is asked and returns it. Its
``status`` is ``accepted``, or ``unknown`` when LANCK perhaps took it; inside a transaction it is ``sending``, and LANCK
is asked after the commit.

They raise InvalidArgument (LANCK would refuse it; nothing happened), Refusal (``invalid_number``, ``opted_out``,
``number_not_supported``, ``method_not_possible``, ``too_many_requests``),
APIError (LANCK said no) and NotSent (LANCK surely got nothing). After a commit nothing is raised: the message is
``refused``, and ``message_status_changed`` says so.

``number`` is a phone number in any spelling with its country code. ``sender`` is what LANCK allowed for the account
(default: ``SENDERS``). ``category`` is ``"transactional"`` or ``"marketing"``; the latter is not sent to those who
opted out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from inspect import signature
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from ...channels import Channel
from ...client import (
    CONTENT_CLASSES,
    RCS,
    SMS,
    Accepted,
    Content,
    Flash,
    Flow,
    PinToSpeech,
    Push,
    TextToSpeech,
    Viber,
    get_client,
)
from ...client.arguments import web_address
from ...conf import conf
from ...exceptions import APIError, InvalidArgument, NotSent, Refusal
from ...guard import Admission, Attempt, admit, check_rules
from ...models import Category, Message, OptOut, Status
from ..numbers import country_of, parse_number
from ..provider.failures import NOT_CARRIED_OUT
from ..transactions import waits_for_commit
from .links import link_url
from .outgoing import call_for, record, send, sender_of, with_senders
from .statuses import announce

if TYPE_CHECKING:
    from phonenumber_field.phonenumber import PhoneNumber

__all__ = [
    "flash_call",
    "send_failover",
    "send_push",
    "send_rcs",
    "send_sms",
    "send_viber",
    "speak_code",
    "speak_text",
]

F = TypeVar("F", bound=Callable[..., Message])
Number: TypeAlias = "str | PhoneNumber"
TRANSACTIONAL: Final = "transactional"
LINK: Final = "{link}"


_SEND_FUNCTIONS: dict[str, Callable[..., Message]] = {}


def _sends(channel: str) -> Callable[[F], F]:
    """Register the public function that sends on a channel."""

    def register(function: F) -> F:
        _SEND_FUNCTIONS[channel] = function
        return function

    return register


@_sends(Channel.SMS)
@sensitive_variables()
def send_sms(
    *,
    number: Number,
    text: str,
    link: str | None = None,
    sender: str | None = None,
    category: str = TRANSACTIONAL,
) -> Message:
    """Send a text. ``{link}`` in it becomes a short address of this site that leads to ``link`` (http or https).

    The first one to open it makes LANCK learn that the link was opened (``LINK_OPENED``). A link needs
    ``CALLBACK_BASE_URL``.
    """
    content = SMS(text, sender=sender)
    if link is not None and not conf.callback_base_url:
        raise InvalidArgument("link", "It needs LANCK['CALLBACK_BASE_URL'], the address of this site.")
    if (LINK in text) != (link is not None):
        raise InvalidArgument("link", "A text with {link} and a link go together.")
    if link is not None:
        web_address("link", link)
    return deliver(content, number=number, category=category, link=link or "")


@_sends(Channel.PUSH)
@sensitive_variables()
def send_push(
    *,
    number: Number,
    text: str,
    title: str | None = None,
    target: str | None = None,
    ttl: int | None = None,
    priority: str | None = None,
    collapse_key: str | None = None,
    android: Mapping[str, Any] | None = None,
    ios: Mapping[str, Any] | None = None,
    category: str = TRANSACTIONAL,
) -> Message:
    """Send a notification to the site's own mobile app. ``ttl`` is seconds; see :class:`~django_lanck.client.Push`."""
    content = Push(
        text,
        title=title,
        target=target,
        ttl=ttl,
        priority=priority,
        collapse_key=collapse_key,
        android=android,
        ios=ios,
    )
    return deliver(content, number=number, category=category)


@_sends(Channel.VIBER)
@sensitive_variables()
def send_viber(
    *,
    number: Number,
    text: str,
    sender: str | None = None,
    button_caption: str | None = None,
    button_action_url: str | None = None,
    image_url: str | None = None,
    category: str = TRANSACTIONAL,
) -> Message:
    """Send a Viber message. A button has a caption and an address to open."""
    content = Viber(
        text,
        sender=sender,
        button_caption=button_caption,
        button_action_url=button_action_url,
        image_url=image_url,
    )
    return deliver(content, number=number, category=category)


@_sends(Channel.RCS)
@sensitive_variables()
def send_rcs(*, number: Number, text: str, category: str = TRANSACTIONAL) -> Message:
    """Send an RCS message."""
    return deliver(RCS(text), number=number, category=category)


@_sends(Channel.FAILOVER)
@sensitive_variables()
def send_failover(*, number: Number, flow: Flow, category: str = TRANSACTIONAL) -> Message:
    """Try one channel after the other: ``Push("Hi").then(SMS("Hi"), wait=30, unless="delivered")``."""
    if not isinstance(flow, Flow):
        raise InvalidArgument("flow", "It has to be a flow, made by then(): Push(…).then(SMS(…), wait=…, unless=…).")
    return deliver(flow, number=number, category=category)


@_sends(Channel.FLASH)
@sensitive_variables()
def flash_call(
    *, number: Number, code: str | None = None, sender: str | None = None, category: str = TRANSACTIONAL
) -> Message:
    """Ring a number. ``code`` (4 to 6 digits) is what the calling number should end with.

    The message's ``caller`` is the number that LANCK calls from, in E.164; it is kept nowhere.
    """
    return deliver(Flash(code=code, sender=sender), number=number, category=category)


@_sends(Channel.P2S)
@sensitive_variables()
def speak_code(
    *,
    number: Number,
    code: str,
    language: str | None = None,
    sender: str | None = None,
    category: str = TRANSACTIONAL,
) -> Message:
    """Call a number and dictate 4 to 6 digits. The digits are not kept."""
    return deliver(PinToSpeech(code, language=language, sender=sender), number=number, category=category)


@_sends(Channel.T2S)
@sensitive_variables()
def speak_text(
    *,
    number: Number,
    text: str,
    language: str | None = None,
    sender: str | None = None,
    category: str = TRANSACTIONAL,
) -> Message:
    """Call a number and read a text out, in ``"en"`` (LANCK's default) or ``"ru"``."""
    return deliver(TextToSpeech(text, language=language, sender=sender), number=number, category=category)


@dataclass(frozen=True, slots=True)
class SendFunction:
    """How to send on one channel: a function, and the names of its arguments besides the number and the category."""

    send: Callable[..., Message]
    arguments: tuple[str, ...]
    required: frozenset[str]


def send_functions() -> dict[Channel, SendFunction]:
    """Return, for each channel that has a content, its public function, or else one made from the content's fields."""
    return {channel: _send_function(channel) for channel in Channel if channel in CONTENT_CLASSES}


def _send_function(channel: Channel) -> SendFunction:
    kind = CONTENT_CLASSES[channel]
    function = _SEND_FUNCTIONS.get(channel)
    parameters = signature(function or kind).parameters.values()
    own = [each for each in parameters if each.name not in ("number", "category")]
    return SendFunction(
        send=function or partial(_send_content, kind),
        arguments=tuple(each.name for each in own),
        required=frozenset(each.name for each in own if each.default is each.empty),
    )


def _send_content(kind: type[Content], *, number: Number, category: str = TRANSACTIONAL, **fields: Any) -> Message:
    return deliver(kind(**fields), number=number, category=category)


def deliver(content: Content, *, number: Number, category: str = TRANSACTIONAL, link: str = "") -> Message:
    """What all of the above do: keep the message, then have LANCK deliver its content, after the commit if need be."""
    waits = waits_for_commit()
    phone = parse_number(number)
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
    call, admission = _keep(attempt, message, content, inside=waits)
    if waits:
        transaction.on_commit(lambda: _send_after_commit(message, call, admission), robust=True)
    else:
        _send_now(message, call, admission)
    return message


def _keep(
    attempt: Attempt, message: Message, content: Content, *, inside: bool
) -> tuple[Callable[[], Accepted], Admission]:
    """Keep the message; the call that delivers it. Whatever cannot be made of it undoes the row."""
    client = get_client()

    def keep() -> Callable[[], Accepted]:
        message.pk = None
        message.save(force_insert=True)
        if message.link and isinstance(content, SMS):
            linked = replace(content, text=content.text.replace(LINK, link_url(message)))
            return call_for(client, linked, message)
        return call_for(client, content, message)

    return admit(attempt, keep, inside=inside)


def _check_category(category: str, number: str) -> None:
    if category not in Category.values:
        raise InvalidArgument("category", f"It has to be one of {', '.join(Category.values)}.")
    if _is_unwanted(category, number):
        raise Refusal("opted_out")


def _is_unwanted(category: str, number: str) -> bool:
    return category == Category.MARKETING and OptOut.objects.standing().filter(number=number).exists()


def _send_now(message: Message, call: Callable[[], Accepted], admission: Admission) -> None:
    try:
        accepted = send(message, call)
    except NOT_CARRIED_OUT:
        admission.give_back()
        raise
    message.caller = accepted.caller if accepted else ""


@sensitive_variables()
def _send_after_commit(message: Message, call: Callable[[], Accepted], admission: Admission) -> None:
    # Asked again: a transaction over many sends can be long, and their turn comes later still.
    if _is_unwanted(message.category, message.number):
        record(message, Status.REFUSED, error_reason="The owner of the number opted out before it was sent.")
        announce(message, Status.SENDING)
        return
    try:
        _send_now(message, call, admission)
    except (APIError, NotSent):
        announce(message, Status.SENDING)
