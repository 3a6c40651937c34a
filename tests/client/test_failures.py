"""Failures of calls over real sockets: each raises the exception that says whether the call may be repeated."""

import gzip
import json
import logging
import socket
import ssl
import time
import traceback

import pytest
import trustme

from django_lanck import exceptions
from django_lanck.client import Verify
from django_lanck.exceptions import APIError, NotSent, OutcomeUnknown

from .conftest import TOKEN
from .scripted import answer, drips, hangs, resets, says, scripted, sends, then_closes

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")
OK = '{"requestId": "r1"}'
NUMBER, ADDRESS = "+12015550123", "192.0.2.77"
SECRETS = [*TOKEN.split(":"), "aWQtb2YtYWNjb3VudDprZXB0LXNlY3JldA", NUMBER, ADDRESS]


def send(client):
    return client.send(Verify("sms", ip=ADDRESS), number=NUMBER)


def fails(kind, client, call=send):
    """Return the exception of a call, which has to contain neither secrets nor the exception that caused it."""
    with pytest.raises(kind) as failed:
        call(client)
    text = "".join(traceback.format_exception(failed.value)) + repr(failed.value)
    assert not [secret for secret in SECRETS if secret in text]
    assert failed.value.__cause__ is None
    return failed.value


# NotSent


def test_refused_connection_raises_not_sent(make_client, unused_port):
    fails(NotSent, make_client(f"http://127.0.0.1:{unused_port}/v1"))


def test_unresolved_host_name_raises_not_sent(make_client):
    fails(NotSent, make_client("https://no-such-host.invalid/v1"))


@pytest.mark.parametrize("proxy", ["proxy:x", "http://", "http://[::1", "gopher://127.0.0.1:1"])
def test_invalid_proxy_raises_not_sent(make_client, unused_port, proxy):
    fails(NotSent, make_client(f"http://127.0.0.1:{unused_port}/v1", proxies=(("http", proxy),)))


def test_connect_timeout_raises_not_sent(make_client):
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = []
        for _ in range(4):  # more than the backlog holds, so that later ones are not answered
            other = socket.socket()
            other.setblocking(False)
            other.connect_ex(full.getsockname())
            waiting.append(other)
        started = time.monotonic()
        fails(NotSent, make_client(f"http://127.0.0.1:{full.getsockname()[1]}/v1", connect_timeout=0.3))
        assert time.monotonic() - started < 2
        for other in waiting:
            other.close()


def tls_context(authority, name):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def test_untrusted_certificate_raises_not_sent_without_a_request(make_client):
    with scripted(says(OK), tls=tls_context(trustme.CA(), "127.0.0.1")) as server:
        fails(NotSent, make_client(server.url))
        assert not server.requests


def test_certificate_for_another_name_raises_not_sent_without_a_request(make_client, tmp_path):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with scripted(says(OK), tls=tls_context(authority, "other.example")) as server:
        fails(NotSent, make_client(server.url, ca_file=str(tmp_path / "ca.pem")))
        assert not server.requests


def test_ca_file_of_the_settings_replaces_that_of_the_environment(make_client, tmp_path, monkeypatch):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    (tmp_path / "empty.pem").write_text("")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "empty.pem"))
    monkeypatch.setenv("CURL_CA_BUNDLE", str(tmp_path / "empty.pem"))
    with scripted(says(OK), tls=tls_context(authority, "127.0.0.1")) as server:
        assert send(make_client(server.url, ca_file=str(tmp_path / "ca.pem"))).request_id == "r1"


def test_unreachable_proxy_raises_not_sent(make_client, unused_port):
    proxies = (("http", f"http://127.0.0.1:{unused_port}"), ("https", f"http://127.0.0.1:{unused_port}"))
    fails(NotSent, make_client("https://lanck.example/v1", proxies=proxies))


def test_failed_connection_is_retried_once(make_client, unused_port, monkeypatch):
    tried = []
    connect = socket.socket.connect
    monkeypatch.setattr(socket.socket, "connect", lambda sock, address: tried.append(address) or connect(sock, address))
    fails(NotSent, make_client(f"http://127.0.0.1:{unused_port}/v1"))
    assert len(tried) == 2


# OutcomeUnknown


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(resets, id="reset after the request was written"),
        pytest.param(then_closes(), id="closed without an answer"),
        pytest.param(hangs, id="read time-out"),
        pytest.param(drips(answer(OK)), id="answer sent slowly"),
        pytest.param(then_closes(sends(answer(OK)[:-5])), id="closed within the body"),
        pytest.param(sends(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"), id="body that never ends"),
        pytest.param(then_closes(sends(b"\x00\x01\x02 nonsense\r\n\r\n")), id="no HTTP"),
        pytest.param(
            then_closes(sends(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")), id="bad chunk"
        ),
        pytest.param(says(OK, "500 Internal Server Error"), id="500"),
        pytest.param(says('{"errorCode": 99, "errorReason": "x"}', "500 Oops"), id="500 with a code"),
        pytest.param(says("", "502 Bad Gateway"), id="502"),
        pytest.param(says("<html>busy</html>", "503 Unavailable"), id="503 with HTML"),
        pytest.param(says("<html>hello</html>"), id="HTML with 200"),
        pytest.param(says('{"requestId": "r1"'), id="truncated JSON"),
        pytest.param(says("[]"), id="a list"),
        pytest.param(says(""), id="empty"),
        pytest.param(says(b"\xff\xfe"), id="not UTF-8"),
        pytest.param(says("[" * 9000), id="nested too deep"),
        pytest.param(says("{}"), id="no request id"),
        pytest.param(says('{"requestId": ".."}'), id="request id of dots"),
        pytest.param(says('{"requestId": "r1", "errorCode": 9}'), id="request id and error"),
        pytest.param(says("", "302 Found", "Location: http://[bad"), id="redirect to nowhere"),
        pytest.param(sends(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nx"), id="negative chunk"),
        pytest.param(says('{"requestId": "\\u0000"}'), id="request id with NUL"),
        pytest.param(says('{"requestId": 7}'), id="request id of another type"),
        pytest.param(says('{"requestId": "' + "r" * 129 + '"}'), id="request id too long"),
        pytest.param(says('{"requestId": "' + "r" * 20_000 + '"}'), id="answer too large"),
        pytest.param(says(gzip.compress(b" " * 10**7), "200 OK", "Content-Encoding: gzip"), id="compressed bomb"),
        pytest.param(says("", "302 Found", "Location: http://127.0.0.1:1/"), id="redirect"),
    ],
)
def test_failure_after_the_request_raises_outcome_unknown_without_a_retry(make_client, step):
    with scripted(step) as server:
        started = time.monotonic()
        fails(OutcomeUnknown, make_client(server.url))
        assert time.monotonic() - started < 1.5
        assert len(server.requests) == 1


def test_slow_body_ends_with_the_read_timeout(make_client):
    def step(connection):
        connection.sendall(answer(OK)[: -len(OK)])
        drips(OK.encode() * 10, 0.05)(connection)

    with scripted(step) as server:
        started = time.monotonic()
        fails(OutcomeUnknown, make_client(server.url))
        assert time.monotonic() - started < 0.9


def test_broken_tls_handshake_raises_outcome_unknown(make_client):
    with scripted(sends(b"")) as server, pytest.raises(OutcomeUnknown):
        send(make_client(server.url.replace("http", "https")))


def test_redirect_is_not_followed_so_that_the_token_is_not_leaked(make_client):
    with scripted(says(OK)) as other, scripted(says("", "307 Moved", f"Location: {other.url}/verify")) as server:
        fails(OutcomeUnknown, make_client(server.url))
        assert not other.requests


def test_outcome_unknown_has_the_status_of_an_unreadable_answer(make_client):
    with scripted(says("", "502 Bad Gateway")) as server:
        assert fails(OutcomeUnknown, make_client(server.url)).http_status == 502


def test_exception_that_the_caller_is_handling_does_not_change_the_outcome(make_client, unused_port):
    with scripted(resets) as server:
        client = make_client(server.url)
        try:
            send(make_client(f"http://127.0.0.1:{unused_port}/v1"))
        except NotSent:
            fails(OutcomeUnknown, client)


@pytest.mark.parametrize("interim", [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"])
def test_interim_answers_are_skipped(make_client, interim):
    first, second = interim * 2 + answer('{"requestId": "r1"}'), answer('{"requestId": "r2"}')
    with scripted(sends(first), sends(second)) as server:
        client = make_client(server.url)
        assert [send(client).request_id for _ in range(2)] == ["r1", "r2"]
        assert server.connections == 1


def test_body_of_a_redirect_is_not_read_completely(make_client):
    def endless(connection):
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 1000000000\r\n\r\n")
        for _ in range(2000):
            connection.sendall(b"x" * 100_000)
            sent.append(1)

    sent = []
    with scripted(endless) as server:
        fails(OutcomeUnknown, make_client(server.url))
    assert len(sent) < 200


# APIError

ERRORS = [
    (1, 401, exceptions.AuthenticationFailed),
    (2, 400, exceptions.InactiveAccount),
    (4, 429, exceptions.TooManyRequests),
    (5, 401, exceptions.InactiveToken),
    (6, 403, exceptions.InsufficientFunds),
    (7, 403, exceptions.Forbidden),
    (8, 400, exceptions.AccountMisconfigured),
    (9, 400, exceptions.Rejected),
    (10, 400, exceptions.InvalidRequest),
    (11, 400, exceptions.InvalidNumber),
    (16, 400, exceptions.SenderNotAllowed),
    (20, 404, exceptions.RequestNotFound),
    (21, 400, exceptions.WrongCode),
    (22, 400, exceptions.RequestExpired),
    (23, 400, exceptions.TooManyAttempts),
    (25, 400, exceptions.MethodNotAllowed),
    (99, 400, exceptions.InternalServerError),
    (77, 400, APIError),
]


@pytest.mark.parametrize(("code", "status", "kind"), ERRORS)
def test_error_code_raises_its_exception(make_client, code, status, kind):
    body = json.dumps({"errorCode": code, "errorReason": "because"})
    with scripted(says(body, f"{status} X")) as server:
        error = fails(APIError, make_client(server.url))
    assert type(error) is kind
    assert (error.http_status, error.error_code, error.error_reason) == (status, code, "because")
    assert "because" in str(error)


def test_every_known_error_code_is_tested():
    assert {code: kind for code, _, kind in ERRORS if kind is not APIError} == exceptions.ERRORS_BY_CODE


@pytest.mark.parametrize(
    ("body", "status", "kind", "code", "reason"),
    [
        ("", 400, APIError, None, ""),
        ("<html>blocked by a proxy</html>", 403, exceptions.Forbidden, None, "<html>blocked by a proxy</html>"),
        ("nope" * 500, 401, exceptions.AuthenticationFailed, None, ("nope" * 500)[:200]),
        ("{}", 429, exceptions.TooManyRequests, None, "{}"),
        ('{"errorCode": "6", "errorReason": "x"}', 403, exceptions.InsufficientFunds, 6, "x"),
        ('{"errorCode": null, "errorReason": "x"}', 404, APIError, None, "x"),
        ('{"errorCode": true, "errorReason": 7}', 404, APIError, None, '{"errorCode": true, "errorReason": 7}'),
        ('{"errorCode": 9, "errorReason": "no +12015550123\\n!"}', 400, exceptions.Rejected, 9, "no +… !"),
        ("\x00\x01binary", 400, APIError, None, " binary"),
        ('{"errorReason": "\\u0000"}', 400, APIError, None, '{"errorReason": "\\u…"}'),
        ('{"errorCode": -1, "errorReason": "x"}', 400, APIError, None, "x"),
        ('{"errorCode": 1000000000000, "errorReason": "x"}', 400, APIError, None, "x"),
        ('{"errorCode": 11, "errorReason": "x"}', 200, exceptions.InvalidNumber, 11, "x"),
    ],
)
def test_other_error_answer_raises_an_exception_with_a_clean_reason(make_client, body, status, kind, code, reason):
    with scripted(says(body, f"{status} X")) as server:
        error = fails(kind, make_client(server.url))
    assert type(error) is kind
    assert (error.http_status, error.error_code, error.error_reason) == (status, code, reason)


# Too many requests

BUSY = says('{"errorCode": 4, "errorReason": "slow down"}', "429 Too Many Requests")


def test_429_is_retried_within_the_rate_limit_wait(make_client):
    with scripted(BUSY, BUSY, says(OK)) as server:
        assert send(make_client(server.url, rate_limit_wait=3)).request_id == "r1"
        assert len(server.requests) == 3


def test_429_is_raised_after_the_rate_limit_wait(make_client):
    with scripted(BUSY) as server:
        started = time.monotonic()
        fails(exceptions.TooManyRequests, make_client(server.url, rate_limit_wait=1))
        assert time.monotonic() - started < 1.2
        assert 2 <= len(server.requests) <= 5


def test_429_is_not_retried_after_the_deadline(make_client):
    with scripted(BUSY) as server:
        started = time.monotonic()
        fails(exceptions.TooManyRequests, make_client(server.url, rate_limit_wait=60, total_timeout=0.6))
        assert time.monotonic() - started < 0.8


def test_429_is_not_retried_without_a_rate_limit_wait(make_client):
    with scripted(BUSY) as server:
        fails(exceptions.TooManyRequests, make_client(server.url))
        assert len(server.requests) == 1


# Retries of GET


@pytest.mark.parametrize("step", [resets, then_closes(), says("", "503 Busy"), hangs])
def test_get_is_retried(make_client, step):
    with scripted(step, says('{"id": "r1", "status": "DELIVERED"}')) as server:
        assert make_client(server.url).request_info(request_id="r1").status == "DELIVERED"
        assert len(server.requests) == 2


def test_retries_share_one_deadline(make_client):
    with scripted(hangs) as server:
        started = time.monotonic()
        client = make_client(server.url, read_timeout=1, total_timeout=1.2)
        fails(OutcomeUnknown, client, lambda client: client.request_info(request_id="r1"))
        assert time.monotonic() - started < 1.6


def test_logs_do_not_contain_the_token_or_the_number(make_client, caplog):
    caplog.set_level(logging.DEBUG)
    with scripted(says(OK), resets) as server:
        client = make_client(server.url)
        send(client)
        fails(OutcomeUnknown, client)
    assert not [secret for secret in SECRETS if secret in caplog.text]
