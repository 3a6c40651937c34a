"""Each way a call can fail, over a real socket: which of the kinds it is decides whether anything may be repeated."""

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
    with pytest.raises(kind) as failed:
        call(client)
    told = "".join(traceback.format_exception(failed.value)) + repr(failed.value)
    assert not [secret for secret in SECRETS if secret in told]
    assert failed.value.__cause__ is None
    return failed.value


# Surely not sent


def test_a_refused_connection_is_not_sent(make_client, unused_port):
    fails(NotSent, make_client(f"http://127.0.0.1:{unused_port}/v1"))


def test_an_unresolved_name_is_not_sent(make_client):
    fails(NotSent, make_client("https://no-such-host.invalid/v1"))


@pytest.mark.parametrize("proxy", ["proxy:x", "http://", "http://[::1", "gopher://127.0.0.1:1"])
def test_by_a_proxy_that_is_none_nothing_is_sent(make_client, unused_port, proxy):
    fails(NotSent, make_client(f"http://127.0.0.1:{unused_port}/v1", proxies=(("http", proxy),)))


def test_a_connection_that_takes_too_long_is_not_sent(make_client):
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = []
        for _ in range(4):  # more than the backlog takes: later ones get no answer
            other = socket.socket()
            other.setblocking(False)
            other.connect_ex(full.getsockname())
            waiting.append(other)
        begun = time.monotonic()
        fails(NotSent, make_client(f"http://127.0.0.1:{full.getsockname()[1]}/v1", connect_timeout=0.3))
        assert time.monotonic() - begun < 2
        for other in waiting:
            other.close()


def tls_context(authority, name):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def test_an_untrusted_certificate_is_not_sent(make_client):
    with scripted(says(OK), tls=tls_context(trustme.CA(), "127.0.0.1")) as server:
        fails(NotSent, make_client(server.url))
        assert not server.requests


def test_a_certificate_for_another_name_is_not_sent(make_client, tmp_path):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with scripted(says(OK), tls=tls_context(authority, "other.example")) as server:
        fails(NotSent, make_client(server.url, ca_file=str(tmp_path / "ca.pem")))
        assert not server.requests


def test_a_certificate_of_the_ca_file_is_trusted_whatever_the_environment_says(make_client, tmp_path, monkeypatch):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    (tmp_path / "empty.pem").write_text("")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "empty.pem"))
    monkeypatch.setenv("CURL_CA_BUNDLE", str(tmp_path / "empty.pem"))
    with scripted(says(OK), tls=tls_context(authority, "127.0.0.1")) as server:
        assert send(make_client(server.url, ca_file=str(tmp_path / "ca.pem"))).request_id == "r1"


def test_a_proxy_that_cannot_be_reached_is_not_sent(make_client, unused_port):
    proxies = (("http", f"http://127.0.0.1:{unused_port}"), ("https", f"http://127.0.0.1:{unused_port}"))
    fails(NotSent, make_client("https://lanck.example/v1", proxies=proxies))


def test_what_was_surely_not_sent_is_tried_once_more(make_client, unused_port, monkeypatch):
    tried = []
    connect = socket.socket.connect
    monkeypatch.setattr(socket.socket, "connect", lambda sock, address: tried.append(address) or connect(sock, address))
    fails(NotSent, make_client(f"http://127.0.0.1:{unused_port}/v1"))
    assert len(tried) == 2


# Perhaps carried out


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(resets, id="reset after the request was written"),
        pytest.param(then_closes(), id="closed without an answer"),
        pytest.param(hangs, id="read time-out"),
        pytest.param(drips(answer(OK)), id="answer dripping in, headers first"),
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
        pytest.param(says('{"requestId": "r1", "errorCode": 9}'), id="yes and no"),
        pytest.param(says("", "302 Found", "Location: http://[bad"), id="redirect to nowhere"),
        pytest.param(sends(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nx"), id="negative chunk"),
        pytest.param(says('{"requestId": "\\u0000"}'), id="request id that no database takes"),
        pytest.param(says('{"requestId": 7}'), id="request id of another type"),
        pytest.param(says('{"requestId": "' + "r" * 129 + '"}'), id="request id too long"),
        pytest.param(says('{"requestId": "' + "r" * 20_000 + '"}'), id="answer too large"),
        pytest.param(says(gzip.compress(b" " * 10**7), "200 OK", "Content-Encoding: gzip"), id="compressed bomb"),
        pytest.param(says("", "302 Found", "Location: http://127.0.0.1:1/"), id="redirect"),
    ],
)
def test_it_is_perhaps_carried_out_and_never_repeated(make_client, step):
    with scripted(step) as server:
        begun = time.monotonic()
        fails(OutcomeUnknown, make_client(server.url))
        assert time.monotonic() - begun < 1.5
        assert len(server.requests) == 1


def test_a_body_that_drips_ends_with_the_read_timeout(make_client):
    def step(connection):
        connection.sendall(answer(OK)[: -len(OK)])
        drips(OK.encode() * 10, 0.05)(connection)

    with scripted(step) as server:
        begun = time.monotonic()
        fails(OutcomeUnknown, make_client(server.url))
        assert time.monotonic() - begun < 0.9


def test_a_broken_handshake_is_unknown(make_client):
    with scripted(sends(b"")) as server, pytest.raises(OutcomeUnknown):
        send(make_client(server.url.replace("http", "https")))


def test_a_redirect_is_not_followed_and_the_token_does_not_leave(make_client):
    with scripted(says(OK)) as other, scripted(says("", "307 Moved", f"Location: {other.url}/verify")) as server:
        fails(OutcomeUnknown, make_client(server.url))
        assert not other.requests


def test_the_status_of_an_unreadable_answer_is_kept(make_client):
    with scripted(says("", "502 Bad Gateway")) as server:
        assert fails(OutcomeUnknown, make_client(server.url)).http_status == 502


def test_what_the_caller_was_handling_does_not_matter(make_client, unused_port):
    with scripted(resets) as server:
        client = make_client(server.url)
        try:
            send(make_client(f"http://127.0.0.1:{unused_port}/v1"))
        except NotSent:
            fails(OutcomeUnknown, client)


@pytest.mark.parametrize("interim", [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"])
def test_interim_answers_are_not_the_answer(make_client, interim):
    first, second = interim * 2 + answer('{"requestId": "r1"}'), answer('{"requestId": "r2"}')
    with scripted(sends(first), sends(second)) as server:
        client = make_client(server.url)
        assert [send(client).request_id for _ in range(2)] == ["r1", "r2"]
        assert server.connections == 1


def test_the_body_of_a_redirect_is_not_read_whole(make_client):
    def endless(connection):
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 1000000000\r\n\r\n")
        for _ in range(2000):
            connection.sendall(b"x" * 100_000)
            sent.append(1)

    sent = []
    with scripted(endless) as server:
        fails(OutcomeUnknown, make_client(server.url))
    assert len(sent) < 200


# LANCK said no

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
def test_each_error_code_has_its_exception(make_client, code, status, kind):
    body = json.dumps({"errorCode": code, "errorReason": "because"})
    with scripted(says(body, f"{status} X")) as server:
        error = fails(APIError, make_client(server.url))
    assert type(error) is kind
    assert (error.http_status, error.error_code, error.error_reason) == (status, code, "because")
    assert "because" in str(error)


def test_every_error_of_the_table_is_tested():
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
def test_any_other_refusal_is_one_clear_exception(make_client, body, status, kind, code, reason):
    with scripted(says(body, f"{status} X")) as server:
        error = fails(kind, make_client(server.url))
    assert type(error) is kind
    assert (error.http_status, error.error_code, error.error_reason) == (status, code, reason)


# Too many requests

BUSY = says('{"errorCode": 4, "errorReason": "slow down"}', "429 Too Many Requests")


def test_429_is_repeated_within_the_budget(make_client):
    with scripted(BUSY, BUSY, says(OK)) as server:
        assert send(make_client(server.url, rate_limit_wait=3)).request_id == "r1"
        assert len(server.requests) == 3


def test_429_is_given_up_when_the_budget_is_spent(make_client):
    with scripted(BUSY) as server:
        begun = time.monotonic()
        fails(exceptions.TooManyRequests, make_client(server.url, rate_limit_wait=1))
        assert time.monotonic() - begun < 1.2
        assert 2 <= len(server.requests) <= 5


def test_429_is_not_repeated_beyond_the_deadline(make_client):
    with scripted(BUSY) as server:
        begun = time.monotonic()
        fails(exceptions.TooManyRequests, make_client(server.url, rate_limit_wait=60, total_timeout=0.6))
        assert time.monotonic() - begun < 0.8


def test_no_budget_means_no_repeat(make_client):
    with scripted(BUSY) as server:
        fails(exceptions.TooManyRequests, make_client(server.url))
        assert len(server.requests) == 1


# Reads may be repeated


@pytest.mark.parametrize("step", [resets, then_closes(), says("", "503 Busy"), hangs])
def test_a_get_is_repeated(make_client, step):
    with scripted(step, says('{"id": "r1", "status": "DELIVERED"}')) as server:
        assert make_client(server.url).request_info(request_id="r1").status == "DELIVERED"
        assert len(server.requests) == 2


def test_repeats_share_one_deadline(make_client):
    with scripted(hangs) as server:
        begun = time.monotonic()
        client = make_client(server.url, read_timeout=1, total_timeout=1.2)
        fails(OutcomeUnknown, client, lambda client: client.request_info(request_id="r1"))
        assert time.monotonic() - begun < 1.6


def test_no_log_has_the_token_or_the_number(make_client, caplog):
    caplog.set_level(logging.DEBUG)
    with scripted(says(OK), resets) as server:
        client = make_client(server.url)
        send(client)
        fails(OutcomeUnknown, client)
    assert not [secret for secret in SECRETS if secret in caplog.text]
