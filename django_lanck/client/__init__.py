"""LANCK's REST API in Python. It knows no model: parameters in, frozen answers out."""

from .api import LanckClient, get_client
from .content import RCS, SMS, Content, Flash, Flow, PinToSpeech, Push, Step, TextToSpeech, Verify, Viber
from .flows import TEXT_TYPES, parse_flow
from .payloads import (
    Accepted,
    CheckAnswer,
    FraudAnswer,
    HLRAnswer,
    RequestInfo,
    VerifyInfo,
    parse_time,
    to_e164,
)
from .transport import Options

__all__ = [
    "RCS",
    "SMS",
    "TEXT_TYPES",
    "Accepted",
    "CheckAnswer",
    "Content",
    "Flash",
    "Flow",
    "FraudAnswer",
    "HLRAnswer",
    "LanckClient",
    "Options",
    "PinToSpeech",
    "Push",
    "RequestInfo",
    "Step",
    "TextToSpeech",
    "Verify",
    "VerifyInfo",
    "Viber",
    "get_client",
    "parse_flow",
    "parse_time",
    "to_e164",
]
