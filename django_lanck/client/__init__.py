"""LANCK's REST API in Python. It knows no model: parameters in, frozen answers out."""

from .api import LanckClient, get_client
from .payloads import Accepted, CheckAnswer, RequestInfo, VerifyInfo, parse_number, parse_time

__all__ = [
    "Accepted",
    "CheckAnswer",
    "LanckClient",
    "RequestInfo",
    "VerifyInfo",
    "get_client",
    "parse_number",
    "parse_time",
]
