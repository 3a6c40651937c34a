"""The calls that the sandbox knows, in one table: a new one is a row here and a function to carry it out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from .api import fields
from .api.calls import Answer, Call
from .api.errors import INVALID_REQUEST, APIError
from .api.fields import Field
from .api.wire import Parameters
from .provider import failover, insight, ledger, messaging, verification, voice

COMMON: Final = {"callbackUrl": Field(fields.web_address, default="")}
TO_NUMBER: Final = COMMON | {"number": Field(fields.number, required=True)}
CALLING: Final = {"from": Field(fields.caller, default="")}


def _number_sent_to(call: Call) -> str:
    return str(call.values["number"])


def _number_of_request(call: Call) -> str:
    return ledger.find(call.request_id or call.values["requestId"]).number


@dataclass(frozen=True, slots=True)
class Operation:
    """One call of the API. The faults of magic numbers go by its kind: send, insight, check, info, read or goal."""

    verb: str
    path: str
    kind: str
    carry_out: Callable[[Call], Answer]
    fields: Mapping[str, Field]
    number_of: Callable[[Call], str] = _number_of_request

    def read(self, given: Parameters, request_id: str) -> Call:
        """The call with cleaned parameters, or the error that they deserve."""
        return Call(values=fields.clean(self.fields, given), source=given, request_id=request_id)


def _to_number(path: str, carry_out: Callable[[Call], Answer], own: dict[str, Field], kind: str = "send") -> Operation:
    """A ``POST`` whose parameters name the number that it is about."""
    return Operation("POST", path, kind, carry_out, TO_NUMBER | own, _number_sent_to)


OPERATIONS: Final = (
    _to_number(
        "verify",
        verification.start,
        {
            "from": Field(fields.sender, default=""),
            "method": Field(fields.method, required=True),
            "language": Field(fields.language, default="en"),
            "codeLength": Field(fields.whole_number(4, 6), default=4),
            "ip": Field(fields.ip_address),
            "codeExpiry": Field(fields.whole_number(1, fields.MAX_CODE_EXPIRY), default=600),
            "checkAttemptsAllowed": Field(fields.whole_number(1, fields.MAX_CHECK_ATTEMPTS), default=5),
        },
    ),
    _to_number("sms", messaging.sms, messaging.CHANNELS["sms"]),
    _to_number("messaging/push", messaging.push, messaging.CHANNELS["push"]),
    _to_number("messaging/viber", messaging.viber, messaging.CHANNELS["viber"]),
    _to_number("messaging/rcs", messaging.rcs, messaging.CHANNELS["rcs"]),
    _to_number("messaging/failover", failover.start, {"flow": Field(failover.flow, required=True)}),
    _to_number("calls/flash", voice.flash, CALLING | {"code": Field(fields.pin, default="")}),
    _to_number(
        "calls/p2s",
        voice.p2s,
        CALLING
        | {
            "code": Field(fields.pin, required=True),
            "language": Field(fields.language, default="en"),
        },
    ),
    _to_number(
        "calls/t2s",
        voice.t2s,
        CALLING
        | {
            "text": Field(fields.text, required=True),
            "language": Field(fields.read_out_language, default="en"),
        },
    ),
    _to_number("insight/hlr", insight.hlr, {}, kind="insight"),
    _to_number("insight/fraudcheck", insight.fraudcheck, {}, kind="insight"),
    Operation(
        verb="POST",
        path="verify/check",
        kind="check",
        carry_out=verification.check,
        fields=COMMON
        | {
            "requestId": Field(fields.request_id, required=True),
            "code": Field(fields.code, required=True),
        },
    ),
    Operation(
        verb="POST",
        path="verify/info",
        kind="info",
        carry_out=verification.info,
        fields=COMMON | {"requestId": Field(fields.request_id, required=True)},
    ),
    Operation(
        verb="GET",
        path="requests/{id}",
        kind="read",
        carry_out=ledger.describe,
        fields=COMMON,
    ),
    Operation(
        verb="POST",
        path="requests/{id}",
        kind="goal",
        carry_out=ledger.note_goal,
        fields=COMMON | {"goal": Field(fields.goal, required=True)},
    ),
)

REQUEST_PATH: Final = re.compile(r"requests/([^/]+)")


def resolve(verb: str, path: str) -> tuple[Operation, str]:
    """The operation for a verb and a path below ``/v1/``, and the request id in the path. Raises 404, 405."""
    request_path = REQUEST_PATH.fullmatch(path)
    request_id = request_path[1] if request_path else ""
    pattern = "requests/{id}" if request_path else path
    candidates = {operation.verb: operation for operation in OPERATIONS if operation.path == pattern}
    if not candidates:
        raise APIError(INVALID_REQUEST, "there is no such call", status=404)
    if verb not in candidates:
        raise APIError(INVALID_REQUEST, f"this call takes {' or '.join(sorted(candidates))}", status=405)
    return candidates[verb], request_id
