"""The tables of magic numbers."""

from __future__ import annotations

from typing import Any, Final

from ...api.errors import ERRORS, UNDOCUMENTED
from ...networks import Network
from ..delivery import (
    DELIVERED,
    REJECTED,
    SENT,
    UNDELIVERED,
    Delivery,
    StatusChange,
    all_but,
    no_channel,
    only_required_keys,
    other_format,
    other_number,
    sms_and_calls,
)
from . import faults
from .effects import Effect, Group, Subscriber
from .faults import Fault


def _delivery(last: int, outcome: str, *changes: StatusChange, **options: Any) -> Effect:
    delivery = Delivery(changes=changes, **options) if changes else Delivery(**options)
    return Effect(f"+120155501{last:02}", outcome, delivery=delivery)


_SENT, _DELIVERED = StatusChange(SENT), StatusChange(DELIVERED)
_SENT_AGAIN = StatusChange(SENT, stored=False)
_DELIVERED_AGAIN = StatusChange(DELIVERED, stored=False)

DELIVERIES: Final = Group(
    "Deliveries",
    "The request is accepted on every channel. Status and receipts differ. A call that is answered is ANSWERED where "
    "this table says DELIVERED.",
    (
        _delivery(0, "Delivered, like every number that is not in these tables: SENT, then DELIVERED."),
        _delivery(
            1,
            "Undelivered: SENT, then UNDELIVERED. The phone receives nothing.",
            _SENT,
            StatusChange(UNDELIVERED),
            reaches=no_channel,
        ),
        _delivery(
            2,
            "Rejected: REJECTED at once. The phone receives nothing.",
            StatusChange(REJECTED),
            reaches=no_channel,
        ),
        _delivery(
            3,
            "Delivered without any receipt. GET /requests/{id} returns DELIVERED.",
            StatusChange(SENT, posted=False),
            StatusChange(DELIVERED, posted=False),
        ),
        _delivery(4, "Every receipt twice.", _SENT, _SENT_AGAIN, _DELIVERED, _DELIVERED_AGAIN),
        _delivery(5, "Receipts in the wrong order: DELIVERED, then SENT.", _DELIVERED, _SENT_AGAIN),
        _delivery(
            6,
            "Receipts twice and in the wrong order: DELIVERED, SENT, DELIVERED, SENT.",
            _DELIVERED,
            _SENT_AGAIN,
            _DELIVERED_AGAIN,
            _SENT_AGAIN,
        ),
        _delivery(
            7,
            "An undocumented status: SENT, BUFFERED, then DELIVERED.",
            _SENT,
            StatusChange("BUFFERED"),
            _DELIVERED,
        ),
        _delivery(8, "Stays SENT. The phone receives nothing.", _SENT, reaches=no_channel),
        _delivery(
            9,
            "Delivered after a failure: SENT, UNDELIVERED, then DELIVERED.",
            _SENT,
            StatusChange(UNDELIVERED),
            _DELIVERED,
        ),
        _delivery(10, "Receipts with requestId, number and status only.", edit=only_required_keys),
        _delivery(
            11,
            "Receipts with the number without its plus and the time in milliseconds.",
            edit=other_format,
        ),
        _delivery(12, "Receipts with another number, which the site must not accept.", edit=other_number),
    ),
)

REFUSALS: Final = Group(
    "Refusals",
    "Operations that send and insight operations are refused with the errorCode that the number ends with.",
    tuple(
        Effect(
            f"+120255501{code:02}",
            f"{reason}: errorCode {code}, HTTP {status}.",
            faults=dict.fromkeys(("send", "insight"), faults.refused(code)),
        )
        for code, (status, reason) in (ERRORS | {77: UNDOCUMENTED}).items()
    ),
)


def _fault(last: int, outcome: str, **by_kind: Fault) -> Effect:
    return Effect(f"+120355501{last:02}", outcome, faults=by_kind)


FAULTS: Final = Group(
    "Faults",
    "The response is faulty. After “accepted”, the phone receives its message and receipts follow.",
    (
        _fault(1, "Accepted, then hangs for HANG_SECONDS.", send=faults.hangs),
        _fault(2, "Accepted, then HTTP 500 with errorCode 99.", send=faults.internal_error),
        _fault(3, "HTTP 429 once, then accepted for ten seconds.", send=faults.too_many_once),
        _fault(4, "Accepted, then HTML with HTTP 200.", send=faults.html),
        _fault(5, "HTML with HTTP 502. Not accepted.", send=faults.bad_gateway),
        _fault(6, "Accepted, then half of the JSON.", send=faults.truncated),
        _fault(7, "Accepted, then the connection is closed without a response.", send=faults.closed),
        _fault(8, "Accepted, then an empty body.", send=faults.empty),
        _fault(9, "Accepted, then JSON without requestId.", send=faults.with_changes(requestId=None)),
        _fault(
            10,
            "HTTP 400 with a JSON object without errorCode. Not accepted.",
            send=faults.refused_without_code,
        ),
        _fault(11, "Accepted, then the response byte by byte over HANG_SECONDS.", send=faults.byte_by_byte),
        _fault(12, "Accepted. The response comes after the receipts.", send=faults.after_its_receipts),
        _fault(20, "Check carried out, then hangs for HANG_SECONDS.", check=faults.hangs),
        _fault(21, "Check carried out, then HTTP 500.", check=faults.internal_error),
        _fault(22, "Check carried out, then HTML with HTTP 200.", check=faults.html),
        _fault(23, "Check carried out, then the connection is closed.", check=faults.closed),
        _fault(
            24,
            "Check carried out, then an empty JSON object.",
            check=faults.with_changes(requestId=None, number=None, method=None, verifiedAt=None),
        ),
        _fault(25, "Check: HTTP 429 once, then carried out for ten seconds.", check=faults.too_many_once),
        _fault(26, "Check refused for insufficient funds. Not carried out.", check=faults.refused(6)),
        _fault(27, "A correct check returns another requestId.", check=faults.with_changes(requestId="0" * 32)),
        _fault(28, "A correct check returns another number.", check=faults.with_changes(number="+12035550199")),
        _fault(
            29,
            "Every check returns HTTP 200. That of a wrong code has errorCode 21 in the body.",
            check=faults.error_with_200,
        ),
        _fault(
            30,
            "Check carried out, then HTML. /verify/info returns HTTP 500.",
            check=faults.html,
            info=faults.internal_error,
        ),
        _fault(40, "GET /requests/{id} returns HTTP 500.", read=faults.internal_error),
        _fault(41, "GET /requests/{id} returns errorCode 20, request not found.", read=faults.refused(20)),
    ),
)


def _special(last: int, outcome: str, **changes: Any) -> Effect:
    return Effect(f"+120455501{last:02}", outcome, **changes)


SPECIALS: Final = Group(
    "Channels and insight",
    "A message on a channel that does not reach the phone is UNDELIVERED. A failover chain goes on to its next step.",
    (
        _special(0, "Not reached by push.", delivery=Delivery(reaches=all_but("push"))),
        _special(1, "Not reached by push and Viber.", delivery=Delivery(reaches=all_but("push", "viber"))),
        _special(2, "Reached by SMS and calls only.", delivery=Delivery(reaches=sms_and_calls)),
        _special(3, "Reached by every channel, and never reads.", delivery=Delivery(reads=False)),
        _special(4, "Reached by every channel but SMS.", delivery=Delivery(reaches=all_but("sms"))),
        _special(
            10,
            "Flash calls come from a number that does not end with the requested code.",
            other_caller=True,
        ),
        _special(
            20,
            "HLR lookup: absent or unknown subscriber, status UNDELIVERED.",
            subscriber=Subscriber(status=UNDELIVERED, ported=None, roaming=None),
        ),
        _special(
            21,
            "HLR lookup: ported to another network.",
            subscriber=Subscriber(ported=True, network=Network("302610", "Sandbox Ported CA", "CA")),
        ),
        _special(22, "HLR lookup: roaming abroad.", subscriber=Subscriber(roaming=True)),
        _special(30, "Fraud check: NOT_MOBILE_PREFIX.", fraud="NOT_MOBILE_PREFIX"),
        _special(31, "Fraud check: SUSPICIOUS.", fraud="SUSPICIOUS"),
        _special(32, "Fraud check: FRAUDULENT.", fraud="FRAUDULENT"),
        _special(33, "Fraud check: FRAUDLENT, as spelled in an example of LANCK’s.", fraud="FRAUDLENT"),
        _special(
            40,
            "HLR lookup and fraud check hang for HANG_SECONDS.",
            faults={"insight": faults.hangs},
        ),
    ),
)

GROUPS: Final = (DELIVERIES, REFUSALS, FAULTS, SPECIALS)
