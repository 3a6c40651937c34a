"""A client of LANCK's REST API. It uses no models: it takes parameters and returns frozen answers."""

from . import content
from .api import LanckClient, get_client
from .content import *  # noqa: F403 (its __all__ lists the content classes)
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
