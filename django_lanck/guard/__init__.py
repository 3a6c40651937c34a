"""Who may be sent what, and how often. One place that every start, resend, check and send passes."""

from .address import client_address
from .admission import Admission, admit, settle_check
from .attempt import Action, Attempt
from .prefixes import Prefix, pause_prefix, resume_prefix, suspicious_prefixes
from .refusals import turn_down
from .rules import check_rules

__all__ = [
    "Action",
    "Admission",
    "Attempt",
    "Prefix",
    "admit",
    "check_rules",
    "client_address",
    "pause_prefix",
    "resume_prefix",
    "settle_check",
    "suspicious_prefixes",
    "turn_down",
]
