"""Who may be sent what, and how often. One place that every start, resend, check and send passes."""

from .address import client_address
from .admission import Admission, admit, settle_check
from .attempt import Action, Attempt
from .refusals import turn_down
from .rules import check_rules

__all__ = ["Action", "Admission", "Attempt", "admit", "check_rules", "client_address", "settle_check", "turn_down"]
