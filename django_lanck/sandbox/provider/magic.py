"""The magic numbers: one table of phone numbers that make things go otherwise.

All are in ranges that the North American plan reserves for fiction (``555 0100`` to ``555 0199``), so they
are valid and belong to nobody. Every other number is delivered to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ..api.errors import ERRORS, UNDOCUMENTED
from ..networks import Network
from . import faults
from .delivery import (
    DELIVERED,
    REJECTED,
    SENT,
    UNDELIVERED,
    Delivery,
    Step,
    all_but,
    bare,
    nothing,
    other_number,
    other_spelling,
    sms_and_calls,
)
from .faults import Fault


@dataclass(frozen=True, slots=True)
class Subscriber:
    """What the home register says of a number. ``network`` is another than the prefix tells."""

    status: str = DELIVERED
    ported: bool | None = False
    roaming: bool | None = False
    network: Network | None = None

    @property
    def known(self) -> bool:
        return self.status == DELIVERED


@dataclass(frozen=True, slots=True)
class Magic:
    """What a number stands for. ``faults`` are by kind of call: send, insight, check, info, read or goal.

    ``fraud`` is what the fraud check says, if not what follows from the prefix. With ``other_caller`` a flash call
    comes from a number that does not end with the code.
    """

    number: str
    outcome: str
    delivery: Delivery = Delivery()  # noqa: RUF009 (frozen)
    faults: Mapping[str, Fault] = field(default_factory=dict)
    subscriber: Subscriber = Subscriber()
    fraud: str = ""
    other_caller: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """A range of magic numbers with one theme."""

    title: str
    about: str
    numbers: tuple[Magic, ...]


def _delivery(last: int, outcome: str, *steps: Step, **changes: object) -> Magic:
    course = Delivery(steps=steps, **changes) if steps else Delivery(**changes)  # type: ignore[arg-type]
    return Magic(f"+120155501{last:02}", outcome, delivery=course)


_SENT, _DELIVERED = Step(SENT), Step(DELIVERED)
_LATE_SENT = Step(SENT, recorded=False)
_AGAIN_DELIVERED = Step(DELIVERED, recorded=False)

DELIVERIES: Final = Group(
    "Deliveries",
    "Accepted, on every channel. Status and receipts differ. A call that is picked up says ANSWERED where this table "
    "says DELIVERED.",
    (
        _delivery(0, "Delivered, like every number that is not in these tables: SENT, then DELIVERED."),
        _delivery(
            1,
            "Undelivered: SENT, then UNDELIVERED. The phone gets nothing.",
            _SENT,
            Step(UNDELIVERED),
            reaches=nothing,
        ),
        _delivery(2, "Rejected: REJECTED at once. The phone gets nothing.", Step(REJECTED), reaches=nothing),
        _delivery(
            3,
            "No receipt at all. It is delivered, and says so when asked.",
            Step(SENT, posted=False),
            Step(DELIVERED, posted=False),
        ),
        _delivery(4, "Every receipt twice.", _SENT, _LATE_SENT, _DELIVERED, _AGAIN_DELIVERED),
        _delivery(5, "Receipts in the wrong order: DELIVERED, then SENT.", _DELIVERED, _LATE_SENT),
        _delivery(
            6,
            "Receipts twice and in the wrong order: DELIVERED, SENT, DELIVERED, SENT.",
            _DELIVERED,
            _LATE_SENT,
            _AGAIN_DELIVERED,
            _LATE_SENT,
        ),
        _delivery(
            7,
            "A status that no page mentions: SENT, BUFFERED, then DELIVERED.",
            _SENT,
            Step("BUFFERED"),
            _DELIVERED,
        ),
        _delivery(8, "Only SENT, for ever. The phone gets nothing.", _SENT, reaches=nothing),
        _delivery(9, "UNDELIVERED first, and DELIVERED after all.", _SENT, Step(UNDELIVERED), _DELIVERED),
        _delivery(10, "Receipts with nothing but requestId, number and status.", dress=bare),
        _delivery(
            11,
            "Receipts with the number without its plus and the time in milliseconds.",
            dress=other_spelling,
        ),
        _delivery(12, "Receipts that name another number: not to be believed.", dress=other_number),
    ),
)

REFUSALS: Final = Group(
    "Refusals",
    "Whatever is sent, and insight too, is refused with the errorCode that the number ends with.",
    tuple(
        Magic(
            f"+120255501{code:02}",
            f"{reason}: errorCode {code}, HTTP {status}.",
            faults=dict.fromkeys(("send", "insight"), faults.refused(code)),
        )
        for code, (status, reason) in (ERRORS | {77: UNDOCUMENTED}).items()
    ),
)


def _fault(last: int, outcome: str, **by_kind: Fault) -> Magic:
    return Magic(f"+120355501{last:02}", outcome, faults=by_kind)


FAULTS: Final = Group(
    "Faults",
    "The answer goes wrong. Where it says “accepted”, the phone gets its message and receipts follow.",
    (
        _fault(1, "Accepted, then hangs for HANG_SECONDS.", send=faults.hangs),
        _fault(2, "Accepted, then answers HTTP 500, errorCode 99.", send=faults.internal_error),
        _fault(3, "HTTP 429, and then fine for ten seconds.", send=faults.too_many_once),
        _fault(4, "Accepted, then HTML with HTTP 200.", send=faults.html),
        _fault(5, "HTML with HTTP 502. Not accepted.", send=faults.bad_gateway),
        _fault(6, "Accepted, then half of the JSON.", send=faults.truncated),
        _fault(7, "Accepted, then the connection is closed without an answer.", send=faults.closed),
        _fault(8, "Accepted, then an empty body.", send=faults.empty),
        _fault(9, "Accepted, then JSON without requestId.", send=faults.answers_with(requestId=None)),
        _fault(
            10,
            "HTTP 400 with a JSON object that has no errorCode. Not accepted.",
            send=faults.refused_without_code,
        ),
        _fault(11, "Accepted, then the answer byte by byte over HANG_SECONDS.", send=faults.drips),
        _fault(12, "Accepted, and answered after the receipts.", send=faults.after_its_receipts),
        _fault(20, "Check carried out, then hangs.", check=faults.hangs),
        _fault(21, "Check carried out, then HTTP 500.", check=faults.internal_error),
        _fault(22, "Check carried out, then HTML with HTTP 200.", check=faults.html),
        _fault(23, "Check carried out, then the connection is closed.", check=faults.closed),
        _fault(
            24,
            "Check carried out, then an empty JSON object.",
            check=faults.answers_with(requestId=None, number=None, method=None, verifiedAt=None),
        ),
        _fault(25, "Check answers HTTP 429, and then fine for ten seconds.", check=faults.too_many_once),
        _fault(26, "Check is refused for insufficient funds. Not carried out.", check=faults.refused(6)),
        _fault(27, "A right check answers for another request.", check=faults.answers_with(requestId="0" * 32)),
        _fault(28, "A right check answers for another number.", check=faults.answers_with(number="+12035550199")),
        _fault(
            29,
            "Every check answers HTTP 200, a wrong one with errorCode 21 in it.",
            check=faults.error_with_200,
        ),
        _fault(
            30,
            "Check carried out, then HTML; /verify/info answers HTTP 500.",
            check=faults.html,
            info=faults.internal_error,
        ),
        _fault(40, "GET /requests/{id} answers HTTP 500.", read=faults.internal_error),
        _fault(41, "GET /requests/{id} knows no such request.", read=faults.refused(20)),
    ),
)


def _special(last: int, outcome: str, **changes: Any) -> Magic:
    return Magic(f"+120455501{last:02}", outcome, **changes)


SPECIALS: Final = Group(
    "Channels and insight",
    "What does not arrive by one channel ends UNDELIVERED there, and a failover chain goes on to its next step.",
    (
        _special(0, "Has no push.", delivery=Delivery(reaches=all_but("push"))),
        _special(1, "Has neither push nor Viber.", delivery=Delivery(reaches=all_but("push", "viber"))),
        _special(2, "Gets SMS and calls, and nothing on any messenger.", delivery=Delivery(reaches=sms_and_calls)),
        _special(3, "Gets everything, Viber too, and never reads.", delivery=Delivery(reads=False)),
        _special(4, "Gets everything but SMS: they are UNDELIVERED.", delivery=Delivery(reaches=all_but("sms"))),
        _special(10, "Flash calls come from a number that ends otherwise than the code asked for.", other_caller=True),
        _special(
            20,
            "HLR: an absent or unknown subscriber, status UNDELIVERED.",
            subscriber=Subscriber(status=UNDELIVERED, ported=None, roaming=None),
        ),
        _special(
            21,
            "HLR: ported to another network.",
            subscriber=Subscriber(ported=True, network=Network("302610", "Sandbox Ported CA", "CA")),
        ),
        _special(22, "HLR: roaming abroad.", subscriber=Subscriber(roaming=True)),
        _special(30, "Fraud check: NOT_MOBILE_PREFIX.", fraud="NOT_MOBILE_PREFIX"),
        _special(31, "Fraud check: SUSPICIOUS.", fraud="SUSPICIOUS"),
        _special(32, "Fraud check: FRAUDULENT.", fraud="FRAUDULENT"),
        _special(33, "Fraud check: FRAUDLENT, as an example on LANCK’s page spells it.", fraud="FRAUDLENT"),
        _special(40, "HLR and fraud check hang for HANG_SECONDS.", faults={"insight": faults.hangs}),
    ),
)

GROUPS: Final = (DELIVERIES, REFUSALS, FAULTS, SPECIALS)
_BY_NUMBER: Final = {magic.number: magic for group in GROUPS for magic in group.numbers}


def meaning_of(number: str) -> Magic:
    """What the number stands for; plain delivery for all that are not in the table."""
    return _BY_NUMBER.get(number) or Magic(number, "Delivered.")


def table() -> Iterator[str]:
    """The lines of the Markdown tables in the documentation."""
    for group in GROUPS:
        yield from (f"### {group.title}", "", group.about, "", "| number | outcome |", "|---|---|")
        yield from (f"| `{magic.number}` | {magic.outcome} |" for magic in group.numbers)
        yield ""
