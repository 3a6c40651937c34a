"""Parsing of answers, sessions and connections, and the client for the settings."""

import os
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from django_lanck.client import LanckClient, Options, Verify, get_client, parse_time, to_e164
from django_lanck.client.payloads import CheckAnswer, VerifyInfo

from .conftest import TOKEN
from .scripted import says, scripted, then_closes

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")
OK = says('{"requestId": "r1"}')
VERIFIED_AT = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


@pytest.mark.parametrize("request_id", ["", ".", "..", "..."])
def test_request_id_of_dots_is_refused(make_client, request_id):
    with scripted(OK) as server, pytest.raises(ValueError, match="not a request id"):
        make_client(server.url).set_goal(request_id=request_id, goal="x")
    assert not server.requests


def test_accepted_message_has_its_request_id_and_the_raw_answer(make_client):
    with scripted(says('{"requestId": "r1", "more": [1]}', "201 Created")) as server:
        accepted = make_client(server.url).send(Verify("sms"), number="+12015550123")
    assert (accepted.request_id, accepted.raw) == ("r1", {"requestId": "r1", "more": [1]})
    assert "more" not in repr(accepted)


def test_right_check_proves_its_request_and_number_only(make_client):
    body = '{"requestId": "r1", "number": "12015550123", "method": "sms", "verifiedAt": 1700000000000}'
    with scripted(says(body)) as server:
        answer = make_client(server.url).verify_check(request_id="r1", code="012345")
    assert (answer.number, answer.method, answer.verified_at) == ("+12015550123", "sms", VERIFIED_AT)
    assert answer.proves(request_id="r1", number="+12015550123")
    assert not answer.proves(request_id="r2", number="+12015550123")
    assert not answer.proves(request_id="r1", number="+12015550199")


@pytest.mark.parametrize(
    ("answer", "proves"),
    [
        ({"requestId": "r1", "verifiedAt": 1700000000}, True),
        ({"requestId": "r1", "verifiedAt": "1700000000", "number": "0012015550123"}, True),
        ({"requestId": "r1", "verifiedAt": 0}, False),
        ({"requestId": "r1", "verifiedAt": True}, False),
        ({"requestId": "r1"}, False),
        ({"requestId": ["r1"], "verifiedAt": 1700000000}, False),
        ({"verifiedAt": 1700000000}, False),
        ({"requestId": "r1", "verifiedAt": 1700000000, "number": "ACME"}, False),
    ],
)
def test_check_answer_without_id_time_or_matching_number_proves_nothing(answer, proves):
    assert CheckAnswer.parse(answer).proves(request_id="r1", number="+12015550123") is proves


@pytest.mark.parametrize(
    ("answer", "proves"),
    [
        ({"status": "verified", "verifiedAt": 1700000000, "number": "+12015550123"}, True),
        ({"status": "verified", "number": "+12015550123"}, False),
        ({"status": "processing", "verifiedAt": 1700000000, "number": "+12015550123"}, False),
        ({"status": "verified", "verifiedAt": 1700000000, "number": "+12015550199"}, False),
        ({}, False),
    ],
)
def test_verify_info_without_status_time_or_matching_number_proves_nothing(answer, proves):
    assert VerifyInfo.parse(answer).proves(number="+12015550123") is proves


def test_verify_info_is_parsed(make_client):
    body = '{"status": "processing", "number": "+1", "verificationRequestedAt": 1700000000000, "checkAttempts": 2}'
    with scripted(says(body)) as server:
        info = make_client(server.url).verify_info(request_id="r1")
    assert (info.status, info.requested_at, info.check_attempts, info.verified_at) == (
        "processing",
        VERIFIED_AT,
        2,
        None,
    )


def test_request_info_is_parsed_and_its_repr_has_no_number(make_client):
    body = (
        '{"id": "r1", "product": "verify.sms", "number": "+91638651000", "mccmnc": "405871", "network": "Jio",'
        ' "country": "IN", "status": "DELIVERED", "createdAt": 1700000000000, "rate": 0.025, "sender": "ACME",'
        ' "goals": ["NUMBER_VERIFIED"], "payload": {"number": "+916386535610", "method": "sms"}}'
    )
    with scripted(says(body)) as server:
        info = make_client(server.url).request_info(request_id="r1")
    assert (info.request_id, info.product, info.mccmnc, info.country) == ("r1", "verify.sms", "405871", "IN")
    assert (info.status, info.created_at, info.rate, info.goals) == (
        "DELIVERED",
        VERIFIED_AT,
        "0.025",
        ("NUMBER_VERIFIED",),
    )
    assert info.payload["method"] == "sms"
    assert "916386535610" not in repr(info)


def test_values_of_wrong_types_are_parsed_as_empty(make_client):
    body = '{"id": 1, "status": [], "createdAt": "soon", "rate": true, "goals": 7, "payload": "x", "country": null}'
    with scripted(says(body)) as server:
        info = make_client(server.url).request_info(request_id="r1")
    assert (info.request_id, info.status, info.created_at, info.rate, info.goals) == ("", "", None, "", ())


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1700000000, VERIFIED_AT),
        (1700000000000, VERIFIED_AT),
        (1700000000.0, VERIFIED_AT),
        ("1700000000", VERIFIED_AT),
        ("1700000000000", VERIFIED_AT),
        ("2023-11-14T22:13:20Z", VERIFIED_AT),
        ("2023-11-14T23:13:20+01:00", VERIFIED_AT),
        ("2023-11-14T22:13:20", VERIFIED_AT),
        *[(value, None) for value in (None, True, "", "soon", [], 0, -1, 10**30, float("inf"), float("nan"), "nan")],
        ("0001-01-01T00:00:00+23:00", None),
        ("9999-12-31T00:00:00", None),
        (10**400, None),
    ],
)
def test_time_is_parsed_from_seconds_milliseconds_and_iso_8601(value, expected):
    assert parse_time(value) == expected


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("+12015550123", "+12015550123"),
        ("12015550123", "+12015550123"),
        ("0012015550123", "+12015550123"),
        (12015550123, "+12015550123"),
        (" 447700900001 ", "+447700900001"),
        ("ACME", "ACME"),
        ("", ""),
        (None, ""),
        (True, ""),
        ([], ""),
        ("١٢", "١٢"),
    ],
)
def test_number_is_converted_to_e164(value, number):
    assert to_e164(value) == number


# The session


def test_netrc_and_proxies_of_the_environment_are_ignored(make_client, monkeypatch, tmp_path, unused_port):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login evil password evil\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{unused_port}")
    with scripted(OK) as server:
        make_client(server.url).send(Verify("sms"), number="+12015550123")
    assert server.requests[0].headers["authorization"].startswith("Basic aWQt")


def test_proxy_of_the_settings_is_used(make_client):
    with scripted(OK) as proxy:
        make_client("http://127.0.0.1:9/v1", proxies=(("http", f"http://127.0.0.1:{proxy.port}"),)).send(
            Verify("sms"), number="+12015550123"
        )
    assert proxy.requests[0].path == "http://127.0.0.1:9/v1/verify"


def test_cookies_are_not_stored(make_client):
    with scripted(says('{"requestId": "r1"}', "200 OK", "Set-Cookie: a=b; Path=/")) as server:
        client = make_client(server.url)
        for _ in range(2):
            client.send(Verify("sms"), number="+12015550123")
    assert "cookie" not in server.requests[1].headers


def test_connection_is_reused(make_client):
    with scripted(OK) as server:
        client = make_client(server.url)
        for _ in range(5):
            client.send(Verify("sms"), number="+12015550123")
    assert (len(server.requests), server.connections) == (5, 1)


def test_connection_is_reused_after_an_error_answer(make_client):
    with scripted(says('{"errorCode": 21}', "400 X")) as server:
        client = make_client(server.url)
        for _ in range(3):
            with pytest.raises(Exception, match="invalid verification code"):
                client.verify_check(request_id="r1", code="1")
    assert server.connections == 1


def test_closed_idle_connection_is_replaced(make_client):
    with scripted(then_closes(OK), OK) as server:
        client = make_client(server.url)
        client.send(Verify("sms"), number="+12015550123")
        time.sleep(0.1)
        assert client.send(Verify("sms"), number="+12015550123").request_id == "r1"
    assert (len(server.requests), server.connections) == (2, 2)


def test_each_thread_has_its_own_session(make_client):
    with scripted(OK) as server:
        client = make_client(server.url)
        barrier = threading.Barrier(4)

        def work():
            for _ in range(3):
                barrier.wait(5)
                client.send(Verify("sms"), number="+12015550123")

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert (len(server.requests), server.connections) == (12, 4)


FORK = """
import os, sys
from django.conf import settings
settings.configure()
from django_lanck.client import LanckClient, Options, Verify
options = Options(base_url=sys.argv[1], access_token="a:b", connect_timeout=1, read_timeout=1, total_timeout=3,
                  rate_limit_wait=0, proxies=(), ca_file="", max_answer_bytes=1000, breaker_failures=5)
client = LanckClient(options)
client.send(Verify("sms"), number="+12015550123")
child = os.fork()
client.send(Verify("sms"), number="+12015550123")
if child:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_forked_process_opens_its_own_connection():
    with scripted(OK) as server:
        run = subprocess.run([sys.executable, "-c", FORK, server.url], cwd=os.getcwd(), timeout=30)
    assert run.returncode == 0
    assert (len(server.requests), server.connections) == (3, 2)


# From the settings


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "lanck.example/v1",
        "ftp://lanck.example/v1",
        "http://lanck.example/v1",
        "http://10.0.0.1/v1",
        "http://127.0.0.1.evil.example/v1",
        "http://localhost.evil.example/v1",
        "https://user:pass@lanck.example/v1",
        "https://lanck.example/v1?x=1",
        "https://lanck.example:99999/v1",
        "https://",
    ],
)
def test_invalid_base_url_is_refused(make_client, base_url):
    with pytest.raises(ImproperlyConfigured, match="BASE_URL"):
        make_client(base_url)


@pytest.mark.parametrize(
    "base_url", ["https://lanck.example/v1", "http://127.0.0.1:8000/v1", "http://[::1]/v1", "http://localhost/v1"]
)
def test_valid_base_url_is_accepted(make_client, base_url):
    assert repr(make_client(base_url)) == f"LanckClient({base_url!r})"


@pytest.mark.parametrize("token", ["", "x", ":", "x:", ":x", None])
def test_invalid_access_token_is_refused(make_client, token):
    with pytest.raises(ImproperlyConfigured, match="ACCESS_TOKEN"):
        make_client("https://lanck.example/v1", access_token=token)


def test_client_is_cached_by_the_settings():
    keys = {"ACCESS_TOKEN": TOKEN, "BASE_URL": "https://lanck.example/v1/"}
    with override_settings(LANCK=keys):
        first = get_client()
        assert isinstance(first, LanckClient)
        assert get_client() is first
        with override_settings(LANCK={**keys, "READ_TIMEOUT": 3, "PROXIES": {"https": "http://127.0.0.1:1"}}):
            assert get_client() is not first
        assert get_client() is first


def test_repr_of_options_does_not_contain_the_password_of_a_proxy():
    keys = {"base_url": "https://lanck.example/v1", "access_token": "a:b", "ca_file": ""}
    times = dict.fromkeys(("connect_timeout", "read_timeout", "total_timeout", "rate_limit_wait"), 1)
    numbers = {"max_answer_bytes": 1, "breaker_failures": 5}
    proxies = (("https", "http://user:hunter2@proxy:3128"),)
    assert "hunter2" not in repr(Options(**keys, **times, **numbers, proxies=proxies))
