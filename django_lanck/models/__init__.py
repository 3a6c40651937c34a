"""What is remembered: verifications, messages, receipts, verified numbers. Imports nothing but Django."""

from .message import Message, MessageQuerySet, Status
from .receipt import Receipt
from .time import DatabaseNow
from .verification import Verification, VerificationQuerySet
from .verified_number import VerifiedNumber, VerifiedNumberQuerySet

__all__ = [
    "DatabaseNow",
    "Message",
    "MessageQuerySet",
    "Receipt",
    "Status",
    "Verification",
    "VerificationQuerySet",
    "VerifiedNumber",
    "VerifiedNumberQuerySet",
]
