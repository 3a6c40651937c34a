"""What staff see: verifications, messages and what became of them. Nothing can be edited; opt-outs can be kept."""

from .changelists.inbound import InboundMessageAdmin
from .changelists.insight import NumberInsightAdmin
from .changelists.message import MessageAdmin
from .changelists.opt_out import OptOutAdmin
from .changelists.verification import VerificationAdmin, VerifiedNumberAdmin
from .delivery.dashboard import DeliveryAdmin

__all__ = [
    "DeliveryAdmin",
    "InboundMessageAdmin",
    "MessageAdmin",
    "NumberInsightAdmin",
    "OptOutAdmin",
    "VerificationAdmin",
    "VerifiedNumberAdmin",
]
