"""LANCK's REST API in Python. It knows no model: parameters in, frozen answers out."""

from . import content
from .api import LanckClient, get_client
from .content import *  # noqa: F403 (a new class of content is exported by its module alone)
from .flows import parse_flow
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
    "Accepted",
    "CheckAnswer",
    "FraudAnswer",
    "HLRAnswer",
    "LanckClient",
    "Options",
    "RequestInfo",
    "VerifyInfo",
    "get_client",
    "parse_flow",
    "parse_time",
    "to_e164",
]
__all__ += content.__all__
