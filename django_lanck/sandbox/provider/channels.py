"""The channels of the sandbox: one row each, with a function that makes the content."""

from __future__ import annotations

from typing import Final

from . import messaging, voice
from .content import Channel

FAILOVER: Final = Channel("failover", "Failover message")
HLR: Final = Channel("hlr", "HLR lookup", rate=0.005)

_ROWS: Final = (
    Channel(
        "sms",
        "SMS",
        icon="sms",
        layout="text",
        rate=0.045,
        path="sms",
        fields=messaging.SMS_FIELDS,
        content=messaging.content,
        in_failover=True,
        code_content=messaging.sms_with_code,
    ),
    Channel(
        "push",
        "Push notification",
        icon="push",
        layout="text",
        rate=0.0,
        path="messaging/push",
        fields=messaging.PUSH_FIELDS,
        content=messaging.content,
        in_failover=True,
    ),
    Channel(
        "viber",
        "Viber message",
        icon="viber",
        rate=0.025,
        path="messaging/viber",
        fields=messaging.VIBER_FIELDS,
        content=messaging.content,
        in_failover=True,
    ),
    Channel(
        "rcs",
        "RCS message",
        icon="rcs",
        path="messaging/rcs",
        fields=messaging.TEXT_FIELDS,
        content=messaging.content,
        in_failover=True,
    ),
    Channel("whatsapp", "WhatsApp message"),
    Channel(
        "voice",
        "Voice call",
        icon="voice",
        layout="spoken",
        rate=0.06,
        code_content=voice.call_with_code,
    ),
    Channel(
        "call",
        "Missed call",
        icon="call",
        layout="missed",
        rate=0.02,
        code_content=voice.flash_call_with_code,
    ),
    Channel(
        "flash",
        "Flash call",
        icon="call",
        layout="missed",
        rate=0.02,
        path="calls/flash",
        fields=voice.FLASH_FIELDS,
        content=voice.flash,
        returns_sender=True,
    ),
    Channel(
        "p2s",
        "Spoken code",
        icon="voice",
        layout="spoken",
        rate=0.06,
        path="calls/p2s",
        fields=voice.P2S_FIELDS,
        content=voice.p2s,
    ),
    Channel(
        "t2s",
        "Spoken text",
        icon="voice",
        layout="spoken",
        rate=0.06,
        path="calls/t2s",
        fields=voice.T2S_FIELDS,
        content=voice.t2s,
    ),
    FAILOVER,
    HLR,
)
CHANNELS: Final = {channel.name: channel for channel in _ROWS}
# The methods of /verify, each with the function that makes the content of a code.
METHODS: Final = {name: channel.code_content for name, channel in CHANNELS.items() if channel.code_content}


def channel_of(name: str) -> Channel:
    """Return the channel of that name. One that is not in the table is a messenger with the default values."""
    return CHANNELS.get(name) or Channel(name, f"{name[:1].upper()}{name[1:]} message")
