"""The public Python API. Everything that a site, a view, the admin or a command does goes through here."""

from .binding import binding_for
from .checking import CheckResult, check_verification
from .numbers import parse_number
from .proofs import claim_number, redeem_proof
from .receipts import record_receipt, refresh_message
from .verification import cancel_verification, get_verification, resend_verification, start_verification

__all__ = [
    "CheckResult",
    "binding_for",
    "cancel_verification",
    "check_verification",
    "claim_number",
    "get_verification",
    "parse_number",
    "record_receipt",
    "redeem_proof",
    "refresh_message",
    "resend_verification",
    "start_verification",
]
