"""The models: verifications, messages, receipts, inbound messages, insights, verified numbers, limits and figures."""

from ..channels import Channel
from .figures import CountedDay, CountedDayQuerySet, DayCount, DeliveryDay
from .inbound import InboundMessage, OptOut, OptOutQuerySet
from .insight import NumberInsight, NumberInsightQuerySet
from .lease import Lease, LeaseQuerySet
from .limit_counter import LimitCounter, LimitCounterQuerySet
from .message import Category, Goal, Message, MessageQuerySet
from .receipt import Receipt
from .refusal import RefusalCount
from .status import Status
from .time import DatabaseNow
from .verification import Verification, VerificationQuerySet
from .verified_number import VerifiedNumber, VerifiedNumberQuerySet

__all__ = [
    "Category",
    "Channel",
    "CountedDay",
    "CountedDayQuerySet",
    "DatabaseNow",
    "DayCount",
    "DeliveryDay",
    "Goal",
    "InboundMessage",
    "Lease",
    "LeaseQuerySet",
    "LimitCounter",
    "LimitCounterQuerySet",
    "Message",
    "MessageQuerySet",
    "NumberInsight",
    "NumberInsightQuerySet",
    "OptOut",
    "OptOutQuerySet",
    "Receipt",
    "RefusalCount",
    "Status",
    "Verification",
    "VerificationQuerySet",
    "VerifiedNumber",
    "VerifiedNumberQuerySet",
]
