"""Who may be sent what, and how often. One place that every start, resend, check and send passes."""

from .address import client_address
from .admission import Admission, admit, settle_check
from .attempt import Action, Attempt
from .prefixes import Prefix, pause_prefix, resume_prefix, suspicious_prefixes
from .refusals import turn_down
from .rules import check_rules, rules_against
from .standing import StandingLimit, lift_limits, standing_limits

__all__ = [
    "Action",
    "Admission",
    "Attempt",
    "Prefix",
    "StandingLimit",
    "admit",
    "check_rules",
    "client_address",
    "lift_limits",
    "pause_prefix",
    "resume_prefix",
    "rules_against",
    "settle_check",
    "standing_limits",
    "suspicious_prefixes",
    "turn_down",
]
