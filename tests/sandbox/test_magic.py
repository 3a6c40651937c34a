"""Each magic number has the effect that its row of the table describes."""

import socket
import threading
import time

import phonenumbers
import pytest
import requests

from django_lanck.sandbox.api.errors import ERRORS
from django_lanck.sandbox.models import SandboxMessage, SandboxPause, SandboxRequest
from django_lanck.sandbox.provider import magic, receipts
from django_lanck.sandbox.provider.magic import faults, groups
from tests.live import wait_until
from tests.sandbox.conftest import RECEIPT_KEYS, SENDING

NUMBERS = [row.number for group in magic.GROUPS for row in group.numbers]


def fault(last):
    return f"+120355501{last:02}"


def special(last):
    return f"+120455501{last:02}"


def verify(sandbox, number, **extra):
    return sandbox.post("verify", number=number, method="sms", **extra)


def check(sandbox, number, code=None):
    request_id = sandbox.start(number=number)
    code = code or sandbox.messages(number)[0]["code"]
    return sandbox.post("verify/check", requestId=request_id, code=code)


def verified(sandbox, number):
    request_id = sandbox.messages(number)[0]["request_id"]
    return sandbox.post("verify/info", requestId=request_id).json()["status"] == "verified"


def delivered(sandbox, number):
    """Whether the number got exactly one message and its receipts."""
    receipts.flush()
    messages = sandbox.messages(number)
    return len(messages) == 1 and messages[0]["status"] == "DELIVERED"


def text_of(response):
    return response.content.decode()


@pytest.fixture
def pauses(monkeypatch, settings, sandbox):
    """The seconds that faults wait for, instead of waiting."""
    settings.LANCK_SANDBOX |= {"HANG_SECONDS": 7}
    pauses = []
    monkeypatch.setattr(faults, "sleep", pauses.append)
    return pauses


@pytest.fixture
def connection():
    """The two ends of a connection: the sandbox's, and the client's."""
    ends = socket.socketpair()
    yield ends
    for end in ends:
        end.close()


def test_numbers_are_valid_and_reserved_for_fiction():
    assert len(set(NUMBERS)) == len(NUMBERS)
    for number in NUMBERS:
        assert phonenumbers.is_valid_number(phonenumbers.parse(number))
        assert number[5:10] == "55501"


@pytest.mark.parametrize(
    ("last", "posted", "final", "arrives"),
    [
        (0, ["SENT", "DELIVERED"], "DELIVERED", True),
        (1, ["SENT", "UNDELIVERED"], "UNDELIVERED", False),
        (2, ["REJECTED"], "REJECTED", False),
        (3, [], "DELIVERED", True),
        (4, ["SENT", "SENT", "DELIVERED", "DELIVERED"], "DELIVERED", True),
        (5, ["DELIVERED", "SENT"], "DELIVERED", True),
        (6, ["DELIVERED", "SENT", "DELIVERED", "SENT"], "DELIVERED", True),
        (7, ["SENT", "BUFFERED", "DELIVERED"], "DELIVERED", True),
        (8, ["SENT"], "SENT", False),
        (9, ["SENT", "UNDELIVERED", "DELIVERED"], "DELIVERED", True),
        (10, ["SENT", "DELIVERED"], "DELIVERED", True),
        (11, ["SENT", "DELIVERED"], "DELIVERED", True),
        (12, ["SENT", "DELIVERED"], "DELIVERED", True),
    ],
)
def test_delivery_numbers_have_their_receipts_and_final_status(sandbox, site, last, posted, final, arrives):
    number = f"+120155501{last:02}"
    request_id = sandbox.start(number=number, callbackUrl=site.url)
    receipts.flush()
    assert site.statuses == posted
    assert sandbox.status(request_id) == final
    assert len(sandbox.messages(number)) == arrives
    for body in site.bodies:
        assert set(body) == ({"requestId", "number", "status"} if last == 10 else RECEIPT_KEYS)
        assert body["number"] == {11: "12015550111", 12: "+12015550113"}.get(last, number)
        assert (body.get("timestamp", 0) > 10**12) == (last == 11)


def test_every_delivery_number_is_tested():
    assert [row.number for row in groups.DELIVERIES.numbers] == [f"+120155501{last:02}" for last in range(13)]


@pytest.mark.parametrize("code", [*ERRORS, 77])
def test_refusal_numbers_are_refused_with_their_error_code(api, code):
    number = f"+120255501{code:02}"
    response = api.post("verify", number=number, method="sms")
    status = ERRORS[code][0] if code in ERRORS else 400
    assert (response.status_code, response.json()["errorCode"]) == (status, code)
    assert set(response.json()) == {"errorCode", "errorReason"}
    assert not SandboxRequest.objects.exists()


FAILOVER = {"messaging/failover": {"flow": [{"type": "sms", "message": {"text": "Hi"}}]}}


def test_invalid_parameters_are_refused_before_the_number_has_its_effect(api):
    assert api.post("verify", number="+12025550106", method="fax").json()["errorCode"] == 10


def test_hanging_answer_comes_after_the_clients_timeout(live, monkeypatch):
    client_has_given_up = threading.Event()
    monkeypatch.setattr(faults, "sleep", lambda seconds: client_has_given_up.wait(30))
    with pytest.raises(requests.ReadTimeout):
        verify(live, fault(1), timeout=0.2)
    wait_until(lambda: live.messages(fault(1)))
    client_has_given_up.set()
    assert delivered(live, fault(1))
    assert verify(live, fault(1)).json()["requestId"]


def test_accepted_request_hangs_before_it_is_answered(sandbox, pauses):
    assert verify(sandbox, fault(1)).json()["requestId"]
    assert pauses == [7]
    assert delivered(sandbox, fault(1))


@pytest.mark.parametrize(
    ("last", "status", "body", "accepted"),
    [
        (2, 500, '{"errorCode": 99, "errorReason": "Internal server error"}', True),
        (4, 200, "<!DOCTYPE html>", True),
        (5, 502, "<!DOCTYPE html>", False),
        (6, 200, '{"requestId', True),
        (8, 200, "", True),
        (9, 200, "{}", True),
        (10, 400, "{}", False),
    ],
)
def test_faulty_answers_to_a_start(sandbox, last, status, body, accepted):
    response = verify(sandbox, fault(last))
    assert response.status_code == status
    assert text_of(response).startswith(body)
    if last in (6, 8) or "html" in body:
        with pytest.raises(ValueError, match=r"Expecting|Unterminated|delimiter|Content-Type"):
            response.json()
    assert delivered(sandbox, fault(last)) == accepted


@pytest.mark.parametrize("path", SENDING | FAILOVER)
def test_every_call_that_sends_has_the_faults(sandbox, path, connection):
    """One fault happens before the request is accepted, three happen after it."""
    parameters = (SENDING | FAILOVER)[path]
    responses = [sandbox.post_json(path, number=fault(last), **parameters) for last in (10, 2, 9)]
    assert [response.status_code for response in responses] == [400, 500, 200]
    assert "requestId" not in responses[2].json()
    ours, clients = connection
    sandbox.client.defaults["gunicorn.socket"] = ours
    sandbox.post_json(path, number=fault(7), **parameters)
    assert clients.recv(1) == b""
    accepted = SandboxRequest.objects.order_by("pk").values_list("number", flat=True)
    assert [*accepted] == [fault(2), fault(9), fault(7)]


def test_429_is_answered_once_in_ten_seconds(sandbox):
    assert verify(sandbox, fault(3)).json()["errorCode"] == 4
    assert sandbox.messages(fault(3)) == []
    assert [verify(sandbox, fault(3)).status_code for _ in range(2)] == [200, 200]
    SandboxPause.objects.update(until="2020-01-01T00:00Z")
    assert [verify(sandbox, fault(3)).status_code for _ in range(2)] == [429, 200]


@pytest.mark.parametrize("last", [7, 23])
def test_connection_is_closed_without_an_answer(live, last):
    with pytest.raises(requests.ConnectionError):
        (verify if last == 7 else check)(live, fault(last))
    assert delivered(live, fault(last))
    assert verified(live, fault(last)) == (last == 23)


def test_closed_connection_is_http_500_where_the_server_hides_its_socket(api):
    assert api.post("verify", number=fault(7), method="sms").status_code == 500
    assert len(api.messages(fault(7))) == 1


def test_slow_answer_does_not_trigger_a_read_timeout(live, settings):
    settings.LANCK_SANDBOX |= {"HANG_SECONDS": 0.8}
    with requests.post(
        f"{live.origin}/sandbox/v1/verify",
        data={"number": fault(11), "method": "sms"},
        auth=("sandbox", "sandbox"),
        timeout=0.4,
        stream=True,
    ) as response:
        started = time.monotonic()
        assert response.json()["requestId"]
        assert time.monotonic() - started > 0.4
    assert delivered(live, fault(11))


def test_slow_answer_comes_byte_by_byte(sandbox, pauses):
    parts = list(verify(sandbox, fault(11)).streaming_content)
    assert {len(part) for part in parts} == {1}
    assert b"".join(parts).startswith(b'{"requestId": ')
    assert pauses == [7 / len(parts)] * len(parts)


def test_answer_comes_after_its_receipts(sandbox, site):
    response = verify(sandbox, fault(12), callbackUrl=site.url)
    assert site.statuses == ["SENT", "DELIVERED"]
    assert {body["requestId"] for body in site.bodies} == {response.json()["requestId"]}


@pytest.mark.parametrize(
    ("last", "status", "body"), [(21, 500, '{"errorCode": 99'), (22, 200, "<!DOC"), (24, 200, "{}")]
)
def test_faulty_answers_to_a_check_that_verifies(sandbox, last, status, body):
    response = check(sandbox, fault(last))
    assert (response.status_code, text_of(response)[: len(body)]) == (status, body)
    assert verified(sandbox, fault(last))


def test_check_verifies_before_it_hangs(sandbox, pauses, monkeypatch):
    verified_by_then = []
    monkeypatch.setattr(faults, "sleep", lambda seconds: verified_by_then.append(verified(sandbox, fault(20))))
    assert check(sandbox, fault(20)).status_code == 200
    assert verified_by_then == [True]


@pytest.mark.parametrize(("last", "code"), [(25, 4), (26, 6)])
def test_refused_check_counts_no_attempt(sandbox, last, code):
    assert check(sandbox, fault(last)).json()["errorCode"] == code
    request_id = sandbox.messages(fault(last))[0]["request_id"]
    assert sandbox.post("verify/info", requestId=request_id).json()["checkAttempts"] == 0


def test_check_answers_429_once(sandbox):
    assert [check(sandbox, fault(25)).status_code for _ in range(2)] == [429, 200]


@pytest.mark.parametrize(("last", "key", "value"), [(27, "requestId", "0" * 32), (28, "number", "+12035550199")])
def test_correct_check_names_another_request_or_number(sandbox, last, key, value):
    response = check(sandbox, fault(last))
    assert (response.status_code, response.json()[key]) == (200, value)
    assert check(sandbox, fault(last), code="x").json()["errorCode"] == 21


def test_wrong_check_is_answered_with_http_200(sandbox):
    response = check(sandbox, fault(29), code="x")
    assert (response.status_code, response.json()["errorCode"]) == (200, 21)
    assert not verified(sandbox, fault(29))


def test_check_and_info_both_have_faulty_answers(sandbox):
    assert text_of(check(sandbox, fault(30))).startswith("<!DOCTYPE html>")
    request_id = sandbox.messages(fault(30))[0]["request_id"]
    assert sandbox.post("verify/info", requestId=request_id).status_code == 500


@pytest.mark.parametrize(("last", "status", "code"), [(40, 500, 99), (41, 404, 20)])
def test_request_cannot_be_read(sandbox, last, status, code):
    response = sandbox.get(f"requests/{sandbox.start(number=fault(last))}")
    assert (response.status_code, response.json()["errorCode"]) == (status, code)


@pytest.mark.parametrize(
    ("last", "missing"),
    [
        (0, {"messaging/push"}),
        (1, {"messaging/push", "messaging/viber"}),
        (2, {"messaging/push", "messaging/viber", "messaging/rcs"}),
        (3, set()),
        (4, {"sms"}),
    ],
)
def test_some_numbers_are_not_reached_on_some_channels(sandbox, last, missing):
    ids = {path: sandbox.post(path, number=special(last), **SENDING[path]).json()["requestId"] for path in SENDING}
    receipts.flush()
    assert {path for path, request_id in ids.items() if sandbox.status(request_id) == "UNDELIVERED"} == missing
    arrived = SandboxMessage.objects.values_list("request__request_id", flat=True)
    assert {path for path, request_id in ids.items() if request_id not in arrived} == missing


@pytest.mark.parametrize("method", ["sms", "voice", "call"])
def test_number_without_messengers_gets_codes_by_every_method(sandbox, method):
    sandbox.start(number=special(2), method=method)
    assert len(sandbox.messages(special(2))) == 1


@pytest.mark.parametrize(("method", "arrives"), [("sms", 0), ("voice", 1), ("call", 1)])
def test_number_without_sms_gets_codes_by_calls(sandbox, method, arrives):
    sandbox.start(number=special(4), method=method)
    assert len(sandbox.messages(special(4))) == arrives


@pytest.mark.parametrize("code", ["4711", "471199", ""])
def test_flash_call_comes_from_a_number_that_does_not_end_with_the_requested_code(sandbox, code):
    answer = sandbox.post("calls/flash", number=special(10), **({"code": code} if code else {})).json()
    message = SandboxMessage.objects.get()
    assert message.sender == "+" + answer["from"]
    assert message.sender.endswith(message.code)
    assert message.code != code


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (20, {"status": "UNDELIVERED", "ported": None, "roaming": None, "imsi": None, "mccmnc": "302720"}),
        (21, {"status": "DELIVERED", "ported": True, "roaming": False, "mccmnc": "302610"}),
        (22, {"status": "DELIVERED", "ported": False, "roaming": True, "mccmnc": "302720"}),
        (30, {"status": "DELIVERED", "ported": False, "roaming": False, "mccmnc": "302720"}),
    ],
)
def test_hlr_lookup_returns_the_state_of_the_subscriber(sandbox, last, expected):
    answer = sandbox.post("insight/hlr", number=special(last)).json()
    assert answer | expected == answer
    assert sandbox.status(answer["id"]) == expected["status"]


@pytest.mark.parametrize(
    ("last", "status", "mobile"),
    [
        (20, "PASSED", True),
        (30, "NOT_MOBILE_PREFIX", False),
        (31, "SUSPICIOUS", True),
        (32, "FRAUDULENT", True),
        (33, "FRAUDLENT", True),
    ],
)
def test_fraud_check_returns_the_status_of_the_number(sandbox, last, status, mobile):
    answer = sandbox.post("insight/fraudcheck", number=special(last)).json()
    assert answer == {"status": status, "mobilePrefix": mobile}


@pytest.mark.parametrize("path", ["insight/hlr", "insight/fraudcheck"])
def test_insight_hangs_and_sending_does_not(sandbox, path, pauses):
    assert sandbox.post(path, number=special(40)).status_code == 200
    assert pauses == [7]
    assert sandbox.post("sms", number=special(40), text="Hi").status_code == 200
    assert pauses == [7]


def test_every_special_number_is_tested():
    tested = {0, 1, 2, 3, 4, 10, 20, 21, 22, 30, 31, 32, 33, 40}
    assert {row.number for row in groups.SPECIALS.numbers} == {special(last) for last in tested}


def test_every_fault_number_is_tested():
    tested = {1, 2, 4, 5, 6, 8, 9, 10, 3, 7, 23, 11, 12, 20, 21, 22, 24, 25, 26, 27, 28, 29, 30, 40, 41}
    assert {row.number for row in groups.FAULTS.numbers} == {fault(last) for last in tested}


def test_request_without_a_socket_has_no_connection_to_close(rf):
    assert faults._connection(rf.post("/")) is None
