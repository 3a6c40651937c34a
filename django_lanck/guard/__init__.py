"""Who may be sent what, and how often. One place that every start, resend, check and send passes."""

from .address import client_address
from .admission import Admission, admit, settle_check
from .attempt import Action, Attempt
from .refusals import turn_down
from .rules import check_rules, rules_against
from .standing import StandingLimit, lift_limits, standing_limits

__all__ = [
    "Action",
    "Admission",
    "Attempt",
    "StandingLimit",
    "admit",
    "check_rules",
    "client_address",
    "lift_limits",
    "rules_against",
    "settle_check",
    "standing_limits",
    "turn_down",
]
