"""One request to LANCK: the session, the time-outs, and what kind of failure a failure is."""

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


class _Repeats(urllib3.Retry):
    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        *rest: Any,
        **more: Any,
    ) -> Self:
        # Nothing is sent to a server with such a certificate: to urllib3 that is no failed connection.
        if isinstance(error, urllib3.exceptions.SSLError) and _any(_kinds(error), ssl.SSLCertVerificationError):
            error = urllib3.exceptions.ConnectTimeoutError(error)
        return super().increment(method, url, response, error, *rest, **more)


# What is left undone is repeated once, whatever the call; what was perhaps done, only for a GET.
REPEATS = _Repeats(
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
    """Where LANCK is, who asks, and how long asking may take (seconds). Raises ImproperlyConfigured for nonsense."""

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
                "Plain http is for a sandbox on this machine only."
            )
        if not is_access_token(self.access_token):
            raise ImproperlyConfigured("LANCK['ACCESS_TOKEN'] has to be LANCK's access token, 'id:secret'.")


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: a redirect is not followed, and its body is not read to find out where it would lead."""


class Transport:
    """Sends requests and turns what comes back into an answer or one of the three failures."""

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
        """The JSON object that LANCK answers with.

        ``form`` is sent form-encoded, ``json`` as JSON. On 429 the request was not carried out: it is repeated after
        a pause with jitter, as long as the budget for waiting and the deadline allow. ``timeout`` is how many
        seconds the whole call may take at most (default: ``TOTAL_TIMEOUT``). While LANCK is down it is not asked at
        all: NotSent.
        """
        ends = time.monotonic() + min(timeout or self.options.total_timeout, self.options.total_timeout)
        left_to_wait = self.options.rate_limit_wait
        for pause in _pauses():
            try:
                with self._breaker_of_process().around_request(is_patient=timeout is None):
                    return self._once(verb, path, form, json, ends)
            except TooManyRequests:
                if pause > left_to_wait or time.monotonic() + pause >= ends:
                    raise
            left_to_wait -= pause
            time.sleep(pause)
        raise AssertionError("the pauses never end")

    def _once(
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
            # From None: requests' exceptions carry the request, with its token and its code.
            raise _failure(error) from None
        if len(content) > self.options.max_answer_bytes:
            raise OutcomeUnknown("LANCK's answer is too large", http_status=response.status_code)
        return _answer(response, content)

    def _new_breaker(self) -> tuple[int, Breaker]:
        return os.getpid(), Breaker(self.options.breaker_failures, longest=self.options.total_timeout + 1)

    def _breaker_of_process(self) -> Breaker:
        """One made in this process: after a fork, a thread that is not there any more could hold the lock."""
        if self._breaker[0] != os.getpid():
            self._breaker = self._new_breaker()
        return self._breaker[1]

    def _session(self) -> requests.Session:
        """This thread's session, made in this process: a socket must not be shared after a fork."""
        if getattr(self._local, "pid", None) != os.getpid():
            self._local.session = self._new_session()
            self._local.pid = os.getpid()
        session: requests.Session = self._local.session
        return session

    def _new_session(self) -> requests.Session:
        session = _Session()
        session.trust_env = False  # no netrc, no proxies or CA files but the settings' own
        session.proxies = dict(self.options.proxies)
        session.verify = self.options.ca_file or True
        session.auth = requests.auth.HTTPBasicAuth(*self.options.access_token.encode().split(b":", 1))
        session.headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        session.cookies = RequestsCookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("https://", "http://"):
            session.mount(scheme, DeadlineAdapter(max_retries=REPEATS))
        return session


def _pauses() -> Iterator[float]:
    pause = FIRST_PAUSE
    while True:
        yield pause * _random.uniform(0.5, 1.5)
        pause = min(pause * 2, 5.0)


def _failure(error: BaseException) -> NotSent | OutcomeUnknown:
    """Whether LANCK surely got nothing, or perhaps did."""
    kinds = _kinds(error)
    if _any(kinds, ssl.SSLCertVerificationError):
        return NotSent("LANCK's certificate is not trusted")
    if _any(kinds, urllib3.exceptions.NameResolutionError):
        return NotSent("LANCK's address cannot be resolved")
    if _any(kinds, urllib3.exceptions.ProxyError):
        return NotSent("The proxy to LANCK cannot be reached")
    if _any(kinds, requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema):
        return NotSent("The address of the proxy to LANCK is none")
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
    return {type(cause) for cause in _causes(error)}


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The exception and whatever it was made from: chained, wrapped as ``reason`` or given as an argument."""
    seen: list[BaseException] = []
    left: list[object] = [error]
    while left:
        current = left.pop()
        if not isinstance(current, BaseException) or current in seen:
            continue
        seen.append(current)
        yield current
        # Not __context__: that leads on to whatever the caller was handling before.
        left += [current.__cause__, getattr(current, "reason", None), *current.args]


def _answer(response: requests.Response, content: bytes) -> dict[str, Any]:
    status = response.status_code
    parsed = _parse(response, content)
    error_code = _error_code(parsed)
    if 200 <= status < 300 and error_code is not None and "requestId" in (parsed or {}):
        raise OutcomeUnknown("LANCK's answer says yes and no", http_status=status)
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
    # Kept and logged: as text that every database takes, and without a number or a code.
    text = re.sub(r"\d{4,}", "…", re.sub(r"[\x00-\x1f\x7f]+", " ", text))
    return api_error(http_status=status, error_code=code, error_reason=text[:REASON_LENGTH])
