"""Every magic number does what its row says, over real HTTP."""

import time

import phonenumbers
import pytest
import requests

from django_lanck.sandbox.api.errors import ERRORS
from django_lanck.sandbox.models import SandboxMessage, SandboxPause, SandboxRequest
from django_lanck.sandbox.provider import faults, magic, receipts

NUMBERS = [row.number for group in magic.GROUPS for row in group.numbers]
ALWAYS = {"requestId", "number", "mccmnc", "status", "timestamp"}


def fault(last):
    return f"+120355501{last:02}"


def verify(live, number, **extra):
    return live.post("verify", number=number, method="sms", **extra)


def check(live, number, code=None, **extra):
    request_id = live.start(number=number)
    return live.post("verify/check", requestId=request_id, code=code or live.messages(number)[0]["code"], **extra)


def verified(live, number):
    request_id = live.messages(number)[0]["request_id"]
    return live.post("verify/info", requestId=request_id).json()["status"] == "verified"


def test_all_are_valid_and_reserved_for_fiction():
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
def test_deliveries(live, site, last, posted, final, arrives):
    number = f"+120155501{last:02}"
    request_id = live.start(number=number, callbackUrl=site.url)
    receipts.flush()
    assert site.statuses == posted
    assert live.get(f"requests/{request_id}").json()["status"] == final
    assert len(live.messages(number)) == arrives
    for body in site.bodies:
        assert set(body) == ({"requestId", "number", "status"} if last == 10 else ALWAYS)
        assert body["number"] == {11: "12015550111", 12: "+12015550113"}.get(last, number)
        assert (body.get("timestamp", 0) > 10**12) == (last == 11)


def test_every_delivery_is_tested():
    assert [row.number for row in magic.DELIVERIES.numbers] == [f"+120155501{last:02}" for last in range(13)]


@pytest.mark.parametrize("code", [*ERRORS, 77])
def test_refusals(api, code):
    number = f"+120255501{code:02}"
    answer = api.post("verify", number=number, method="sms")
    status = ERRORS[code][0] if code in ERRORS else 400
    assert (answer.status_code, answer.json()["errorCode"]) == (status, code)
    assert set(answer.json()) == {"errorCode", "errorReason"}
    assert not SandboxRequest.objects.exists()


SENDING = {
    "sms": {"text": "Hi"},
    "messaging/push": {"text": "Hi"},
    "messaging/viber": {"text": "Hi"},
    "messaging/rcs": {"text": "Hi"},
    "messaging/failover": {"flow": [{"type": "sms", "message": {"text": "Hi"}}]},
    "calls/flash": {},
    "calls/p2s": {"code": "4711"},
    "calls/t2s": {"text": "Hi"},
}


def special(last):
    return f"+120455501{last:02}"


def test_parameters_are_looked_at_before_the_magic(api):
    assert api.post("verify", number="+12025550106", method="fax").json()["errorCode"] == 10


def accepted(live, number):
    receipts.flush()
    messages = live.messages(number)
    return len(messages) == 1 and messages[0]["status"] == "DELIVERED"


def test_accepted_then_hangs(live):
    with pytest.raises(requests.ReadTimeout):
        verify(live, fault(1), timeout=0.5)
    assert accepted(live, fault(1))
    assert verify(live, fault(1)).json()["requestId"]


@pytest.mark.parametrize(
    ("last", "status", "body", "carried_out"),
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
def test_accepted_or_not_and_badly_answered(live, last, status, body, carried_out):
    answer = verify(live, fault(last))
    assert answer.status_code == status
    assert answer.text.startswith(body)
    if last in (6, 8) or "html" in body:
        with pytest.raises(ValueError, match=r"Expecting|Unterminated|delimiter"):
            answer.json()
    assert accepted(live, fault(last)) == carried_out


@pytest.mark.parametrize("path", SENDING)
def test_whatever_is_sent_can_be_badly_answered(live, path):
    """By a number whose fault comes before it is carried out, by two whose fault comes after it, and by none at all."""
    answers = [live.post_json(path, number=fault(last), **SENDING[path]) for last in (10, 2, 9)]
    assert [answer.status_code for answer in answers] == [400, 500, 200]
    assert "requestId" not in answers[2].json()
    with pytest.raises(requests.ConnectionError):
        live.post_json(path, number=fault(7), **SENDING[path])
    carried_out = SandboxRequest.objects.order_by("pk").values_list("number", flat=True)
    assert [*carried_out] == [fault(2), fault(9), fault(7)]


def test_429_and_then_fine(live):
    assert verify(live, fault(3)).json()["errorCode"] == 4
    assert live.messages(fault(3)) == []
    assert [verify(live, fault(3)).status_code for _ in range(2)] == [200, 200]
    SandboxPause.objects.update(until="2020-01-01T00:00Z")
    assert [verify(live, fault(3)).status_code for _ in range(2)] == [429, 200]


@pytest.mark.parametrize("last", [7, 23])
def test_the_connection_is_closed_without_an_answer(live, last):
    with pytest.raises(requests.ConnectionError):
        (verify if last == 7 else check)(live, fault(last))
    assert accepted(live, fault(last))
    assert verified(live, fault(last)) == (last == 23)


def test_a_server_that_hides_its_socket_answers_500(api):
    assert api.post("verify", number=fault(7), method="sms").status_code == 500
    assert len(api.messages(fault(7))) == 1


def test_an_answer_that_drips_never_trips_a_read_timeout(live):
    with requests.post(
        f"{live.origin}/sandbox/v1/verify",
        data={"number": fault(11), "method": "sms"},
        auth=("sandbox", "sandbox"),
        timeout=0.5,
        stream=True,
    ) as answer:
        started = time.monotonic()
        assert answer.json()["requestId"]
        assert time.monotonic() - started > 0.5
    assert accepted(live, fault(11))


def test_answered_after_its_receipts(live, site):
    answer = verify(live, fault(12), callbackUrl=site.url)
    assert site.statuses == ["SENT", "DELIVERED"]
    assert {body["requestId"] for body in site.bodies} == {answer.json()["requestId"]}


@pytest.mark.parametrize(
    ("last", "status", "body"), [(21, 500, '{"errorCode": 99'), (22, 200, "<!DOC"), (24, 200, "{}")]
)
def test_a_check_that_is_carried_out_and_badly_answered(live, last, status, body):
    answer = check(live, fault(last))
    assert (answer.status_code, answer.text[: len(body)]) == (status, body)
    assert verified(live, fault(last))


def test_a_check_that_is_carried_out_and_hangs(live):
    with pytest.raises(requests.ReadTimeout):
        check(live, fault(20), timeout=0.5)
    assert verified(live, fault(20))


@pytest.mark.parametrize(("last", "code"), [(25, 4), (26, 6)])
def test_a_check_that_is_not_carried_out(live, last, code):
    assert check(live, fault(last)).json()["errorCode"] == code
    request_id = live.messages(fault(last))[0]["request_id"]
    assert live.post("verify/info", requestId=request_id).json()["checkAttempts"] == 0


def test_a_check_that_is_refused_once_is_fine_the_second_time(live):
    assert [check(live, fault(25)).status_code for _ in range(2)] == [429, 200]


@pytest.mark.parametrize(("last", "key", "value"), [(27, "requestId", "0" * 32), (28, "number", "+12035550199")])
def test_a_right_check_that_names_something_else(live, last, key, value):
    answer = check(live, fault(last))
    assert (answer.status_code, answer.json()[key]) == (200, value)
    assert check(live, fault(last), code="x").json()["errorCode"] == 21


def test_a_wrong_check_with_http_200(live):
    answer = check(live, fault(29), code="x")
    assert (answer.status_code, answer.json()["errorCode"]) == (200, 21)
    assert not verified(live, fault(29))


def test_neither_check_nor_info_can_be_read(live):
    answer = check(live, fault(30))
    assert answer.text.startswith("<!DOCTYPE html>")
    request_id = live.messages(fault(30))[0]["request_id"]
    assert live.post("verify/info", requestId=request_id).status_code == 500


@pytest.mark.parametrize(("last", "status", "code"), [(40, 500, 99), (41, 404, 20)])
def test_requests_that_cannot_be_read(live, last, status, code):
    answer = live.get(f"requests/{live.start(number=fault(last))}")
    assert (answer.status_code, answer.json()["errorCode"]) == (status, code)


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
def test_some_channels_do_not_reach_some_phones(live, last, missing):
    single = [path for path in SENDING if path != "messaging/failover"]
    ids = {path: live.post(path, number=special(last), **SENDING[path]).json()["requestId"] for path in single}
    receipts.flush()
    assert {path for path, request_id in ids.items() if live.status(request_id) == "UNDELIVERED"} == missing
    arrived = SandboxMessage.objects.values_list("request__request_id", flat=True)
    assert {path for path, request_id in ids.items() if request_id not in arrived} == missing


@pytest.mark.parametrize("method", ["sms", "voice", "call"])
def test_a_phone_without_messengers_is_verified_all_the_same(live, method):
    live.start(number=special(2), method=method)
    assert len(live.messages(special(2))) == 1


@pytest.mark.parametrize(("method", "arrives"), [("sms", 0), ("voice", 1), ("call", 1)])
def test_a_phone_without_sms_is_verified_by_calls(live, method, arrives):
    live.start(number=special(4), method=method)
    assert len(live.messages(special(4))) == arrives


@pytest.mark.parametrize("code", ["4711", "471199", ""])
def test_a_flash_call_from_another_number_than_was_asked_for(live, code):
    answer = live.post("calls/flash", number=special(10), **({"code": code} if code else {})).json()
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
def test_home_registers_with_something_to_tell(live, last, expected):
    told = live.post("insight/hlr", number=special(last)).json()
    assert told | expected == told
    assert live.status(told["id"]) == expected["status"]


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
def test_fraud_checks_with_something_to_tell(live, last, status, mobile):
    assert live.post("insight/fraudcheck", number=special(last)).json() == {"status": status, "mobilePrefix": mobile}


@pytest.mark.parametrize("path", ["insight/hlr", "insight/fraudcheck"])
def test_insight_can_hang_where_sending_does_not(live, path):
    with pytest.raises(requests.ReadTimeout):
        live.post(path, timeout=0.5, number=special(40))
    assert live.post("sms", timeout=0.9, number=special(40), text="Hi").status_code == 200


def test_every_special_number_is_tested():
    tested = {0, 1, 2, 3, 4, 10, 20, 21, 22, 30, 31, 32, 33, 40}
    assert {row.number for row in magic.SPECIALS.numbers} == {special(last) for last in tested}


def test_every_fault_is_tested():
    tested = {1, 2, 4, 5, 6, 8, 9, 10, 3, 7, 23, 11, 12, 20, 21, 22, 24, 25, 26, 27, 28, 29, 30, 40, 41}
    assert {row.number for row in magic.FAULTS.numbers} == {fault(last) for last in tested}


def test_only_a_real_socket_is_closed(rf):
    assert faults._connection(rf.post("/")) is None
