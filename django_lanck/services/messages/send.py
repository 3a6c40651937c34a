"""Send texts, notifications, failover chains and calls.

Each function stores a :class:`~django_lanck.models.Message`, sends it and returns it. Its ``status`` is ``accepted``,
or ``unknown`` if LANCK may have accepted it. Inside a transaction it is ``sending``, and the message is sent after the
commit.

They raise InvalidArgument (LANCK would refuse the argument; nothing is stored), Refusal (``invalid_number``,
``opted_out``, ``number_not_supported``, ``method_not_possible``, ``too_many_requests``), APIError (LANCK refused the
message) and NotSent (the request did not reach LANCK). After a commit they raise nothing: the message is ``refused``
and ``message_status_changed`` is sent.

``number`` is a phone number in any spelling with its country code. ``sender`` is one that LANCK allows for the account
(default: ``SENDERS``). ``category`` is ``"transactional"`` or ``"marketing"``; marketing is not sent to opted-out
numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from inspect import signature
from typing import Any, TypeVar

from django.views.decorators.debug import sensitive_variables

from ...channels import Channel
from ...client import CONTENT_CLASSES, RCS, SMS, Content, Flash, Flow, PinToSpeech, Push, TextToSpeech, Viber
from ...client.arguments import web_address
from ...conf import conf
from ...exceptions import InvalidArgument
from ...models import Message
from .deliver import LINK, TRANSACTIONAL, Number, deliver

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
    """Send a text. ``{link}`` in it becomes a short URL of this site that redirects to ``link`` (http or https).

    The first request for the short URL reports the goal ``LINK_OPENED`` to LANCK. A link needs ``CALLBACK_BASE_URL``.
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
    """Send a push notification to the site's mobile app. ``ttl`` is seconds; see :class:`~django_lanck.client.Push`."""
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
    """Send a Viber message. A button needs a caption and a URL."""
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
    """Try the steps of a failover chain in order: ``Push("Hi").then(SMS("Hi"), wait=30, unless="delivered")``."""
    if not isinstance(flow, Flow):
        raise InvalidArgument("flow", "It has to be a flow, made by then(): Push(…).then(SMS(…), wait=…, unless=…).")
    return deliver(flow, number=number, category=category)


@_sends(Channel.FLASH)
@sensitive_variables()
def flash_call(
    *, number: Number, code: str | None = None, sender: str | None = None, category: str = TRANSACTIONAL
) -> Message:
    """Make a flash call. The calling number should end with ``code`` (4 to 6 digits).

    The message's ``caller`` is the number that LANCK calls from, in E.164; it is not stored.
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
    """Call a number and dictate 4 to 6 digits. The digits are not stored."""
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
