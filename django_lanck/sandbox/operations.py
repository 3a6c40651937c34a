"""The operations of the API: their parameters and their handlers, in one table."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from .api import fields
from .api.errors import INVALID_REQUEST, APIError
from .api.fields import Field
from .api.parameters import Parameters, RawParameters, ResponseBody
from .provider import failover, insight, records, verification
from .provider.channels import CHANNELS, METHODS
from .provider.content import Channel, Content, Values

COMMON: Final = {"callbackUrl": Field(fields.web_url, default="")}
TO_NUMBER: Final = COMMON | {"number": Field(fields.number, required=True)}


def _number_in_parameters(parameters: Parameters) -> str:
    return str(parameters["number"])


def _number_of_request(parameters: Parameters) -> str:
    return records.find(parameters.request_id or parameters["requestId"]).number


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of the API.

    ``kind`` selects the fault of a magic number: send, insight, check, info, read or goal. ``number_of`` returns the
    number that the operation is about.
    """

    verb: str
    path: str
    kind: str
    handler: Callable[[Parameters], ResponseBody]
    fields: Mapping[str, Field]
    number_of: Callable[[Parameters], str] = _number_of_request

    def parse(self, raw: RawParameters, request_id: str) -> Parameters:
        """Return the validated parameters, or raise the error of the first invalid one."""
        return Parameters(values=fields.validate(self.fields, raw), raw=raw, request_id=request_id)


def _to_number(
    path: str, handler: Callable[[Parameters], ResponseBody], own_fields: Mapping[str, Field], kind: str = "send"
) -> Operation:
    """Return a ``POST`` operation with the parameter ``number``."""
    return Operation("POST", path, kind, handler, TO_NUMBER | dict(own_fields), _number_in_parameters)


def _send(channel: Channel, content: Callable[[Values], Content], parameters: Parameters) -> ResponseBody:
    """Handle the operation of a channel."""
    request = records.send(parameters, channel.product, channel, content(parameters.values))
    sender = {"from": request.sender.removeprefix("+")} if channel.returns_sender else {}
    return {"requestId": request.request_id} | sender


OPERATIONS: Final = (
    _to_number(
        "verify",
        verification.start,
        {
            "from": Field(fields.sender, default=""),
            "method": Field(fields.one_of(*METHODS), required=True),
            "language": Field(fields.language, default="en"),
            "codeLength": Field(fields.integer(4, 6), default=4),
            "ip": Field(fields.ip_address),
            "codeExpiry": Field(fields.integer(1, fields.MAX_CODE_EXPIRY), default=600),
            "checkAttemptsAllowed": Field(fields.integer(1, fields.MAX_CHECK_ATTEMPTS), default=5),
        },
    ),
    *(
        _to_number(channel.path, partial(_send, channel, channel.content), channel.fields)
        for channel in CHANNELS.values()
        if channel.content
    ),
    _to_number("messaging/failover", failover.start, {"flow": Field(failover.flow, required=True)}),
    _to_number("insight/hlr", insight.hlr, {}, kind="insight"),
    _to_number("insight/fraudcheck", insight.fraudcheck, {}, kind="insight"),
    Operation(
        verb="POST",
        path="verify/check",
        kind="check",
        handler=verification.check,
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
        handler=verification.info,
        fields=COMMON | {"requestId": Field(fields.request_id, required=True)},
    ),
    Operation(
        verb="GET",
        path="requests/{id}",
        kind="read",
        handler=records.describe,
        fields=COMMON,
    ),
    Operation(
        verb="POST",
        path="requests/{id}",
        kind="goal",
        handler=records.add_goal,
        fields=COMMON | {"goal": Field(fields.goal, required=True)},
    ),
)

REQUEST_PATH: Final = re.compile(r"requests/([^/]+)")


def resolve(verb: str, path: str) -> tuple[Operation, str]:
    """Return the operation for a verb and a path below ``/v1/``, and the request id in the path.

    Raise an error with HTTP 404 for an unknown path, and with 405 for a verb that the path does not accept.
    """
    request_path = REQUEST_PATH.fullmatch(path)
    request_id = request_path[1] if request_path else ""
    pattern = "requests/{id}" if request_path else path
    candidates = {operation.verb: operation for operation in OPERATIONS if operation.path == pattern}
    if not candidates:
        raise APIError(INVALID_REQUEST, "unknown path", status=404)
    if verb not in candidates:
        raise APIError(INVALID_REQUEST, f"the path accepts only {' or '.join(sorted(candidates))}", status=405)
    return candidates[verb], request_id
