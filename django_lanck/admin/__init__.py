"""What staff see: verifications, messages and what became of them. Nothing here can be edited."""

from .message import MessageAdmin
from .verification import VerificationAdmin, VerifiedNumberAdmin

__all__ = ["MessageAdmin", "VerificationAdmin", "VerifiedNumberAdmin"]
