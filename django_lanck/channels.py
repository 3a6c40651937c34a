"""The registry of channels: one row for each channel that LANCK offers. All other lists of channels are made from it.

A channel that LANCK starts to offer needs a row here, its content class in ``django_lanck/client/content.py`` (unless
only LANCK's own codes travel on it) and a migration for the new choice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelTexts:
    """What the ready pages say about a channel that carries codes.

    ``label`` and ``hint`` are for choosing it. ``instruction`` says what to do after the code is sent; ``{number}`` is
    where it went and ``{digits}`` its length. ``resend`` and ``switch`` are on the buttons for another code: by the
    same channel, and by this one instead of another. ``undelivered`` is for a failed delivery.
    """

    label: Promise
    hint: Promise
    instruction: Promise
    resend: Promise
    switch: Promise
    undelivered: Promise


_SMS: Final = ChannelTexts(
    label=_("Text message"),
    hint=_("The code comes by SMS."),
    instruction=_("We texted a code of {digits} digits to {number}."),
    resend=_("Send a new code"),
    switch=_("Text me instead"),
    undelivered=_("We could not deliver the SMS."),
)
_SPOKEN: Final = ChannelTexts(
    label=_("Voice call"),
    hint=_("We call you, and a voice reads the code to you."),
    instruction=_("We are calling {number}. Pick up: a voice reads a code of {digits} digits to you."),
    resend=_("Call me again"),
    switch=_("Call me instead"),
    undelivered=_("Our call did not get through."),
)
_MISSED_CALL: Final = ChannelTexts(
    label=_("Missed call"),
    hint=_("Your phone rings once. The code is the end of the number that called you."),
    instruction=_(
        "We are ringing {number}. You need not pick up: type the last {digits} digits of the number that just "
        "called you."
    ),
    resend=_("Ring me again"),
    switch=_("Give me a missed call instead"),
    undelivered=_("Our call did not get through."),
)
_PUSH: Final = ChannelTexts(
    label=_("Notification"),
    hint=_("The code comes as a notification of our app."),
    instruction=_("We sent a notification with a code of {digits} digits to {number}."),
    resend=_("Send a new code"),
    switch=_("Send me a notification instead"),
    undelivered=_("We could not deliver the notification."),
)
_VIBER: Final = ChannelTexts(
    label=_("Viber"),
    hint=_("The code comes as a Viber message."),
    instruction=_("We sent a Viber message with a code of {digits} digits to {number}."),
    resend=_("Send a new code"),
    switch=_("Send me a Viber message instead"),
    undelivered=_("We could not deliver the Viber message."),
)
_RCS: Final = ChannelTexts(
    label=_("Chat message"),
    hint=_("The code comes to the messages of your phone (RCS)."),
    instruction=_("We sent a chat message with a code of {digits} digits to {number}."),
    resend=_("Send a new code"),
    switch=_("Send me a chat message instead"),
    undelivered=_("We could not deliver the chat message."),
)
_ANY_MESSAGE: Final = ChannelTexts(
    label=_("Message"),
    hint=_("We try one way after the other until the code reaches you."),
    instruction=_("We are sending a code of {digits} digits to {number}. It comes as a message or as an SMS."),
    resend=_("Send a new code"),
    switch=_("Send me a message instead"),
    undelivered=_("We could not deliver the message."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSpec:
    """The properties of a channel.

    ``lanck_code``: LANCK generates, sends and checks codes on it (the setting ``METHODS``). ``site_code``: its place
    among the channels that carry the site's codes (the default of ``CHANNELS``), 0 for a channel that carries none.
    ``rings``: it is a phone call. ``code_is_caller``: the code is the end of the calling number. ``code_only``: its
    content is nothing but a code, so that nothing of it is stored. ``takes_language``: LANCK accepts a language.
    ``noun``: its name within a sentence, where that is not the label. ``texts``: what the ready pages say.
    """

    lanck_code: bool = False
    site_code: int = 0
    rings: bool = False
    code_is_caller: bool = False
    code_only: bool = False
    takes_language: bool = False
    noun: Promise | None = None
    texts: ChannelTexts = _ANY_MESSAGE


_UNKNOWN: Final = ChannelSpec()


class Channel(models.TextChoices):
    """How a message travels."""

    spec: ChannelSpec

    def __new__(cls, value: str, spec: ChannelSpec = _UNKNOWN) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.spec = spec
        return member

    SMS = "sms", ChannelSpec(lanck_code=True, site_code=1, takes_language=True, texts=_SMS), _("SMS")
    VOICE = "voice", ChannelSpec(lanck_code=True, rings=True, takes_language=True, texts=_SPOKEN), _("voice call")
    CALL = (
        "call",
        ChannelSpec(lanck_code=True, rings=True, code_is_caller=True, noun=_("flash call"), texts=_MISSED_CALL),
        _("flash call, LANCK's code"),
    )
    PUSH = "push", ChannelSpec(site_code=4, texts=_PUSH), _("push notification")
    VIBER = "viber", ChannelSpec(site_code=5, texts=_VIBER), _("Viber")
    RCS = "rcs", ChannelSpec(site_code=6, texts=_RCS), _("RCS")
    FAILOVER = "failover", ChannelSpec(site_code=7, texts=_ANY_MESSAGE), _("failover chain")
    FLASH = (
        "flash",
        ChannelSpec(site_code=3, rings=True, code_is_caller=True, code_only=True, texts=_MISSED_CALL),
        _("flash call"),
    )
    P2S = (
        "p2s",
        ChannelSpec(site_code=2, rings=True, code_only=True, takes_language=True, texts=_SPOKEN),
        _("call that dictates digits"),
    )
    T2S = "t2s", ChannelSpec(rings=True, takes_language=True), _("call that reads a text")


LANCK_CODE_CHANNELS: Final = tuple(channel.value for channel in Channel if channel.spec.lanck_code)
SITE_CODE_CHANNELS: Final = tuple(
    channel.value for channel in sorted(Channel, key=lambda channel: channel.spec.site_code) if channel.spec.site_code
)
# Flash calls: their calling number is a secret.
CALLER_CODE_CHANNELS: Final = frozenset(channel.value for channel in Channel if channel.spec.code_is_caller)


def channel_spec(channel: str) -> ChannelSpec:
    """Return the properties of a channel. One that is not in the registry carries no codes and does not ring."""
    return Channel(channel).spec if channel in Channel else _UNKNOWN
