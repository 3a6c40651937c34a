"""What staff see: verifications, messages and what became of them. Nothing can be edited; opt-outs can be kept."""

from .dashboard import DeliveryAdmin
from .inbound import InboundMessageAdmin
from .insight import NumberInsightAdmin
from .message import MessageAdmin
from .optout import OptOutAdmin
from .verification import VerificationAdmin, VerifiedNumberAdmin

__all__ = [
    "DeliveryAdmin",
    "InboundMessageAdmin",
    "MessageAdmin",
    "NumberInsightAdmin",
    "OptOutAdmin",
    "VerificationAdmin",
    "VerifiedNumberAdmin",
]
