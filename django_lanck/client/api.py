"""The client class, with one method for each call of LANCK's REST API."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from django.views.decorators.debug import sensitive_variables

from ..conf import conf
from ..exceptions import InvalidArgument, OutcomeUnknown
from . import arguments
from .content import Content
from .payloads import Accepted, CheckAnswer, FraudAnswer, HLRAnswer, RequestInfo, VerifyInfo
from .transport import Options, Transport


class LanckClient:
    """A client of LANCK's REST API. Safe to share between threads and across forks.

    Each method raises APIError (LANCK refused the request), NotSent (LANCK did not receive it) or OutcomeUnknown (LANCK
    may have carried it out). Times are seconds. :func:`get_client` returns a client for the site's settings.
    """

    def __init__(self, options: Options) -> None:
        self._transport = Transport(options)

    def __repr__(self) -> str:
        return f"LanckClient({self._transport.options.base_url!r})"

    def send(self, content: Content, *, number: str, callback_url: str | None = None) -> Accepted:
        """Send a content: Verify, SMS, Push, Viber, RCS, Flow, Flash, PinToSpeech or TextToSpeech.

        ``number`` is E.164. Receipts go to ``callback_url``.
        """
        arguments.check({"number": number, "callback_url": callback_url}, required=["number"])
        parameters = {"number": number, **content.parameters()}
        if callback_url is not None:
            parameters["callbackUrl"] = callback_url
        if any(isinstance(value, Mapping | list) for value in parameters.values()):
            answer = self._transport.call("POST", content.path, json=parameters)
        else:
            answer = self._transport.call(
                "POST", content.path, form={name: str(value) for name, value in parameters.items()}
            )
        return Accepted.parse(answer)

    def verify_check(self, *, request_id: str, code: str) -> CheckAnswer:
        """Check a code. A wrong one raises WrongCode. Source: "Check verification code"."""
        form = {"requestId": request_id, "code": code}
        return CheckAnswer.parse(self._transport.call("POST", "/verify/check", form=form))

    def verify_info(self, *, request_id: str) -> VerifyInfo:
        """Return the state of a verification, without spending an attempt."""
        return VerifyInfo.parse(self._transport.call("POST", "/verify/info", form={"requestId": request_id}))

    def request_info(self, *, request_id: str) -> RequestInfo:
        """Return the state of any request. Source: "Getting request info"."""
        return RequestInfo.parse(self._transport.call("GET", f"/requests/{_segment(request_id)}"))

    def set_goal(self, *, request_id: str, goal: str) -> None:
        """Report to LANCK that a request reached a goal such as ``NUMBER_VERIFIED``. Source: "Update Request Info"."""
        arguments.check({"goal": goal}, required=["goal"])
        self._transport.call("POST", f"/requests/{_segment(request_id)}", form={"goal": goal})

    def hlr(self, *, number: str, timeout: float | None = None) -> HLRAnswer:
        """Look a number up in its home location register, within ``timeout`` seconds. Source: "HLR lookup"."""
        return HLRAnswer.parse(self._insight("/insight/hlr", number, timeout))

    def fraud_check(self, *, number: str, timeout: float | None = None) -> FraudAnswer:
        """Check a number for fraud, within ``timeout`` seconds. Source: "Fraud Check"."""
        return FraudAnswer.parse(self._insight("/insight/fraudcheck", number, timeout))

    def _insight(self, path: str, number: str, timeout: float | None) -> dict[str, Any]:
        arguments.check({"number": number}, required=["number"])
        answer = self._transport.call("POST", path, form={"number": number}, timeout=timeout)
        if not isinstance(answer.get("status"), str) or not answer["status"]:
            raise OutcomeUnknown("LANCK's answer has no status")
        return answer


@sensitive_variables()
def get_client() -> LanckClient:
    """Return the client for the site's settings. Clients are cached by the settings, with their connections."""
    return _client(
        Options(
            base_url=conf.base_url,
            access_token=conf.access_token,
            connect_timeout=conf.connect_timeout,
            read_timeout=conf.read_timeout,
            total_timeout=conf.total_timeout,
            rate_limit_wait=conf.rate_limit_wait,
            proxies=tuple(sorted(conf.proxies.items())),
            ca_file=conf.ca_file,
            max_answer_bytes=conf.max_answer_bytes,
            breaker_failures=conf.breaker_failures,
        )
    )


@functools.lru_cache(maxsize=8)
def _client(options: Options) -> LanckClient:
    return LanckClient(options)


def _segment(request_id: str) -> str:
    """Return a request id as one segment of a path. An id of dots would leave the path, even when quoted."""
    if not request_id.strip(".") or not request_id.isprintable():
        raise InvalidArgument("request_id", "It is not a request id.")
    return quote(request_id, safe="")
