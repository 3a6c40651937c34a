"""HTTP requests to LANCK: sessions, time-outs, retries, and the exception for each failure."""

from __future__ import annotations

import os
import re
import secrets
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final, Self

import requests
import urllib3
from django.core.exceptions import ImproperlyConfigured
from requests.cookies import RequestsCookieJar
from urllib3.response import BaseHTTPResponse

from ..conf import is_access_token, is_base_url
from ..exceptions import APIError, NotSent, OutcomeUnknown, TooManyRequests, api_error
from ..jsonbody import BadJSON, parse_json
from .breaker import Breaker
from .deadline import Deadline, DeadlineAdapter

REASON_LENGTH: Final = 200
FIRST_PAUSE: Final = 0.25
_random = secrets.SystemRandom()


class _Retry(urllib3.Retry):
    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        *rest: Any,
        **more: Any,
    ) -> Self:
        # A request to a server with an invalid certificate is not sent, so count it as a failed connection.
        if isinstance(error, urllib3.exceptions.SSLError) and _any(_kinds(error), ssl.SSLCertVerificationError):
            error = urllib3.exceptions.ConnectTimeoutError(error)
        return super().increment(method, url, response, error, *rest, **more)


# Failed connections are retried once. Anything that LANCK may have carried out is retried for a GET only.
RETRY = _Retry(
    total=2,
    connect=1,
    read=1,
    status=1,
    redirect=0,
    other=0,
    allowed_methods={"GET"},
    status_forcelist={502, 503, 504},
    backoff_factor=0.1,
    respect_retry_after_header=False,
    raise_on_status=False,
)


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a client. Times are seconds. Raises ImproperlyConfigured for an invalid address or token."""

    base_url: str
    access_token: str = field(repr=False)
    connect_timeout: float
    read_timeout: float
    total_timeout: float
    rate_limit_wait: float
    proxies: tuple[tuple[str, str], ...] = field(repr=False)  # a proxy may have a password
    ca_file: str
    max_answer_bytes: int
    breaker_failures: int

    def __post_init__(self) -> None:
        if not is_base_url(self.base_url):
            raise ImproperlyConfigured(
                "LANCK['BASE_URL'] has to be the address of LANCK's API, such as 'https://HOST/v1'. "
                "Plain http is only for a sandbox on this machine."
            )
        if not is_access_token(self.access_token):
            raise ImproperlyConfigured("LANCK['ACCESS_TOKEN'] has to be LANCK's access token, 'id:secret'.")


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """Return None: redirects are not followed, and their bodies are not read."""


class Transport:
    """Sends requests, and returns the answer or raises one of the three exceptions of the client."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self._local = threading.local()
        self._breaker = self._new_breaker()

    def call(
        self,
        verb: str,
        path: str,
        *,
        form: Mapping[str, str] | None = None,
        json: Mapping[str, Any] | None = None,
        timeout: float | None = None,
    ) -> dict[str, Any]:
        """Call LANCK and return the JSON object of its answer.

        ``form`` is sent form-encoded, ``json`` as JSON. After 429, which means that LANCK did nothing, the request is
        retried after a pause with jitter, within ``RATE_LIMIT_WAIT`` and the deadline. ``timeout`` is the maximum of
        seconds for the whole call (default: ``TOTAL_TIMEOUT``). Raises NotSent at once while the breaker is open.
        """
        ends = time.monotonic() + min(timeout or self.options.total_timeout, self.options.total_timeout)
        left_to_wait = self.options.rate_limit_wait
        for pause in _pauses():
            try:
                with self._breaker_of_process().around_request(counts=timeout is None):
                    return self._request(verb, path, form, json, ends)
            except TooManyRequests:
                if pause > left_to_wait or time.monotonic() + pause >= ends:
                    raise
            left_to_wait -= pause
            time.sleep(pause)
        raise AssertionError("the pauses never end")

    def _request(
        self, verb: str, path: str, form: Mapping[str, str] | None, json: Mapping[str, Any] | None, ends: float
    ) -> dict[str, Any]:
        timeout = Deadline(self.options.connect_timeout, self.options.read_timeout, ends)
        try:
            response = self._session().request(
                verb,
                self.options.base_url + path,
                data=form,
                json=json,
                timeout=timeout,  # type: ignore[arg-type]
                allow_redirects=False,
                stream=True,
            )
            with response:
                content = response.raw.read(self.options.max_answer_bytes + 1, decode_content=False)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            # From None: the exceptions of requests contain the request, with its token and code.
            raise _failure(error) from None
        if len(content) > self.options.max_answer_bytes:
            raise OutcomeUnknown("LANCK's answer is too large", http_status=response.status_code)
        return _answer(response, content)

    def _new_breaker(self) -> tuple[int, Breaker]:
        return os.getpid(), Breaker(self.options.breaker_failures, longest=self.options.total_timeout + 1)

    def _breaker_of_process(self) -> Breaker:
        """Return the breaker of this process. After a fork, a lost thread could hold the lock of the old one."""
        if self._breaker[0] != os.getpid():
            self._breaker = self._new_breaker()
        return self._breaker[1]

    def _session(self) -> requests.Session:
        """Return the session of this thread and process. Processes must not share a socket after a fork."""
        if getattr(self._local, "pid", None) != os.getpid():
            self._local.session = self._new_session()
            self._local.pid = os.getpid()
        session: requests.Session = self._local.session
        return session

    def _new_session(self) -> requests.Session:
        session = _Session()
        session.trust_env = False  # use no netrc, and no proxies or CA files of the environment
        session.proxies = dict(self.options.proxies)
        session.verify = self.options.ca_file or True
        session.auth = requests.auth.HTTPBasicAuth(*self.options.access_token.encode().split(b":", 1))
        session.headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        session.cookies = RequestsCookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("https://", "http://"):
            session.mount(scheme, DeadlineAdapter(max_retries=RETRY))
        return session


def _pauses() -> Iterator[float]:
    pause = FIRST_PAUSE
    while True:
        yield pause * _random.uniform(0.5, 1.5)
        pause = min(pause * 2, 5.0)


def _failure(error: BaseException) -> NotSent | OutcomeUnknown:
    """Return the exception for a failure: whether LANCK cannot have received the request, or may have."""
    kinds = _kinds(error)
    if _any(kinds, ssl.SSLCertVerificationError):
        return NotSent("LANCK's certificate is not trusted")
    if _any(kinds, urllib3.exceptions.NameResolutionError):
        return NotSent("LANCK's address cannot be resolved")
    if _any(kinds, urllib3.exceptions.ProxyError):
        return NotSent("The proxy to LANCK cannot be reached")
    if _any(kinds, requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema):
        return NotSent("The address of the proxy to LANCK is invalid")
    if _any(kinds, urllib3.exceptions.NewConnectionError):
        return NotSent("LANCK's server cannot be reached")
    if _any(kinds, urllib3.exceptions.ConnectTimeoutError):
        return NotSent("LANCK's server took too long to connect to")
    if _any(kinds, urllib3.exceptions.ReadTimeoutError, TimeoutError):
        return OutcomeUnknown("LANCK took too long to answer")
    return OutcomeUnknown(f"The connection to LANCK broke ({type(error).__name__})")


def _any(kinds: set[type[BaseException]], *wanted: type[BaseException]) -> bool:
    return any(issubclass(kind, wanted) for kind in kinds)


def _kinds(error: BaseException) -> set[type[BaseException]]:
    """Return the classes of an exception and its causes."""
    return {type(cause) for cause in _causes(error)}


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and its causes: chained, in the attribute ``reason``, or among its arguments."""
    seen: list[BaseException] = []
    left: list[object] = [error]
    while left:
        current = left.pop()
        if not isinstance(current, BaseException) or current in seen:
            continue
        seen.append(current)
        yield current
        # Not __context__, which may be an exception that the caller was handling before.
        left += [current.__cause__, getattr(current, "reason", None), *current.args]


def _answer(response: requests.Response, content: bytes) -> dict[str, Any]:
    status = response.status_code
    parsed = _parse(response, content)
    error_code = _error_code(parsed)
    if 200 <= status < 300 and error_code is not None and "requestId" in (parsed or {}):
        raise OutcomeUnknown("LANCK's answer contains both a request id and an error", http_status=status)
    if 400 <= status < 500 or (200 <= status < 300 and error_code is not None):
        raise _error(status, error_code, parsed, content)
    if not 200 <= status < 300:
        raise OutcomeUnknown(f"LANCK answered HTTP {status}", http_status=status)
    if parsed is None:
        raise OutcomeUnknown("LANCK's answer cannot be read", http_status=status)
    return parsed


def _parse(response: requests.Response, content: bytes) -> dict[str, Any] | None:
    if response.headers.get("Content-Encoding", "identity") != "identity":
        return None
    try:
        parsed = parse_json(content)
    except BadJSON:
        return None
    return parsed if isinstance(parsed, dict) else None


def _error_code(parsed: dict[str, Any] | None) -> int | None:
    code = (parsed or {}).get("errorCode")
    try:
        number = int(code) if isinstance(code, int | str) and not isinstance(code, bool) else -1
    except ValueError:
        return None
    return number if 0 <= number < 2**15 else None


def _error(status: int, code: int | None, parsed: dict[str, Any] | None, content: bytes) -> APIError:
    reason = (parsed or {}).get("errorReason")
    text = reason if isinstance(reason, str) else content[: REASON_LENGTH * 4].decode("utf-8", "replace")
    # The reason is stored and logged, so it must suit every database and contain no number or code.
    text = re.sub(r"\d{4,}", "…", re.sub(r"[\x00-\x1f\x7f]+", " ", text))
    return api_error(http_status=status, error_code=code, error_reason=text[:REASON_LENGTH])
