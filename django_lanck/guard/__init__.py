"""Decides whether a start, resend, check or send is allowed, by rules and limits."""

from .address import client_address
from .admission import Admission, admit, refund_check
from .attempt import Action, Attempt
from .prefixes import Prefix, pause_prefix, resume_prefix, suspicious_prefixes
from .refusals import refuse
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
    "refund_check",
    "refuse",
    "resume_prefix",
    "rules_against",
    "standing_limits",
    "suspicious_prefixes",
]
