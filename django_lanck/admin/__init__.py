"""The admin of the app: read-only lists and pages, the page of a number, the dashboard. Opt-outs can be changed."""

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
