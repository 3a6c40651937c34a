"""LANCK's REST API in Python. It knows no model: parameters in, frozen answers out."""

from .api import LanckClient, get_client
from .payloads import Accepted, CheckAnswer, RequestInfo, VerifyInfo, parse_time, to_e164
from .transport import Options

__all__ = [
    "Accepted",
    "CheckAnswer",
    "LanckClient",
    "Options",
    "RequestInfo",
    "VerifyInfo",
    "get_client",
    "parse_time",
    "to_e164",
]
