"""The whole way over real HTTP, for every outcome the sandbox has: person → site → LANCK → receipt → admin."""

import time

import pytest
import requests
from django.contrib.auth import get_user_model

from django_lanck.models import Message, Receipt, Verification
from django_lanck.sandbox.provider import receipts
from tests.live import Person

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def site(live_server, settings):
    settings.LANCK = {
        "ACCESS_TOKEN": "sandbox:sandbox",
        "BASE_URL": f"{live_server.url}/sandbox/v1",
        "CALLBACK_BASE_URL": live_server.url,
        "READ_TIMEOUT": 0.6,
        "TOTAL_TIMEOUT": 3.0,
        "BREAKER_FAILURES": 0,  # each fault is looked at by itself
    }
    settings.LANCK_SANDBOX = {"ALLOW_WITHOUT_DEBUG": True, "RECEIPT_DELAY": 0.02, "HANG_SECONDS": 1}
    yield live_server.url
    receipts.wait()
    receipts.clear()


@pytest.fixture
def person(site):
    return lambda number="+12015550100": Person(site, number)


@pytest.mark.parametrize(("method", "final"), [("sms", "DELIVERED"), ("voice", "ANSWERED"), ("call", "DELIVERED")])
def test_a_signup_by_each_method(person, method, final, admin_client):
    someone = person()
    assert someone.start(method=method).status_code == 201
    got = someone.handset()[0]
    assert (got["channel"], len(got["code"])) == (method, 6)
    checked = someone.check()
    assert checked.status_code == 200
    assert checked.json()["proof"]
    assert receipts.wait()
    assert someone.fetch()["delivery"] == final
    assert {receipt.status for receipt in Receipt.objects.all()} == {"SENT", final}
    stored = str(list(Receipt.objects.values_list("payload", flat=True)))
    assert got["code"] not in stored
    verification = Verification.objects.get()
    page = admin_client.get(f"/admin/lanck/verification/{verification.pk}/change/").content.decode()
    assert "verified</span>" in page
    assert got["code"] not in page


@pytest.mark.parametrize(
    ("number", "delivery", "kept"),
    [
        ("+12015550101", "UNDELIVERED", 2),
        ("+12015550102", "REJECTED", 1),
        ("+12015550103", "accepted", 0),
        ("+12015550104", "DELIVERED", None),
        ("+12015550105", "DELIVERED", 2),
        ("+12015550106", "DELIVERED", None),
        ("+12015550107", "DELIVERED", 3),
        ("+12015550108", "SENT", 1),
        ("+12015550109", "DELIVERED", 3),
        ("+12015550110", "DELIVERED", 2),
        ("+12015550111", "DELIVERED", 2),
    ],
)
def test_each_course_of_a_delivery(person, number, delivery, kept):
    someone = person(number)
    someone.start()
    assert receipts.wait()
    assert someone.fetch()["delivery"] == delivery
    if kept is not None:
        assert Receipt.objects.count() == kept


def test_no_receipt_comes_but_lanck_tells_when_asked(person, admin_client):
    someone = person("+12015550103")
    someone.start()
    receipts.wait()
    data = {"action": "refresh_messages", "_selected_action": [str(Verification.objects.get().pk)]}
    page = admin_client.post("/admin/lanck/verification/", data, follow=True).content.decode()
    assert "1 changed." in page
    assert someone.fetch()["delivery"] == "DELIVERED"


@pytest.mark.parametrize(
    ("code", "status", "refusal"),
    [
        *[(f"{code:02}", 503, "unavailable") for code in (1, 2, 4, 5, 6, 7, 8, 9, 10, 16, 20, 21, 22, 23, 25)],
        ("11", 400, "invalid_number"),
        ("77", 503, "unavailable"),
    ],
)
def test_each_refusal_of_lanck(person, code, status, refusal, settings):
    settings.LANCK = {**settings.LANCK, "RATE_LIMIT_WAIT": 0.1}
    someone = person(f"+120255501{code}")
    response = someone.start()
    assert (response.status_code, response.json()["code"]) == (status, refusal)
    assert Verification.objects.get().state == "canceled"
    assert Message.objects.get().error_code == int(code)
    assert someone.handset() == []


@pytest.mark.parametrize("fault", ["01", "02", "04", "06", "07", "08", "09", "11"])
def test_an_accepted_message_whose_answer_is_lost(person, fault):
    someone = person(f"+120355501{fault}")
    begun = time.monotonic()
    response = someone.start()
    assert time.monotonic() - begun < 3
    assert (response.status_code, response.json()["delivery"]) == (201, "unknown")
    assert receipts.wait()
    assert len(someone.handset()) == 1
    assert someone.fetch()["delivery"] == "DELIVERED"
    assert someone.check().status_code == 200


def test_too_many_requests_and_then_fine(person):
    someone = person("+12035550103")
    assert someone.start().status_code == 201
    assert len(someone.handset()) == 1


def test_receipts_that_come_before_the_answer(person, settings):
    settings.LANCK = {**settings.LANCK, "READ_TIMEOUT": 5, "TOTAL_TIMEOUT": 6}
    someone = person("+12035550112")
    started = someone.start()
    assert (started.status_code, started.json()["delivery"]) == (201, "accepted")
    assert someone.fetch()["delivery"] == "DELIVERED"
    assert someone.check().status_code == 200


@pytest.mark.parametrize("fault", ["20", "21", "22", "23"])
def test_a_right_check_whose_answer_is_lost_is_settled_by_the_same_code(person, fault):
    someone = person(f"+120355501{fault}")
    someone.start()
    lost = someone.check()
    assert (lost.status_code, lost.json()["code"]) == (503, "check_unknown")
    assert someone.fetch()["status"] == "pending"
    other = f"{(int(someone.handset()[0]['code']) + 1) % 1_000_000:06}"
    assert someone.check(other).json()["code"] == "invalid_code"
    assert someone.check().json()["status"] == "verified"


@pytest.mark.parametrize("fault", ["24", "27", "28"])
def test_an_odd_answer_to_a_right_check_is_settled_by_asking(person, fault):
    someone = person(f"+120355501{fault}")
    someone.start()
    assert someone.check().json()["status"] == "verified"


def test_a_check_that_cannot_be_settled_verifies_nobody(person):
    someone = person("+12035550130")
    someone.start()
    for _ in range(3):
        assert someone.check().json()["code"] == "check_unknown"
    assert someone.fetch()["status"] == "pending"


def test_a_check_that_is_not_carried_out_costs_nothing(person):
    someone = person("+12035550126")
    someone.start()
    assert someone.check().json()["code"] == "unavailable"
    assert someone.fetch()["attempts_left"] == 5


def test_an_error_with_200_is_an_error(person):
    someone = person("+12035550129")
    someone.start()
    wrong = f"{(int(someone.handset()[0]['code']) + 1) % 1_000_000:06}"
    assert someone.check(wrong).json()["code"] == "invalid_code"


def test_receipts_that_name_another_number_are_believed_only_for_a_known_request(person):
    someone = person("+12015550112")
    someone.start()
    receipts.wait()
    assert someone.fetch()["delivery"] in {"accepted", "SENT", "DELIVERED"}
    assert Message.objects.get().number == "+12015550112"
    assert someone.fetch()["status"] == "pending"


def test_a_resend_makes_the_first_code_worthless(person, backdate):
    someone = person()
    someone.start()
    first = someone.handset()[0]["code"]
    backdate(Verification.objects.get(), 31)
    assert someone.session.post(f"{someone.url}resend/", json={"method": "voice"}).status_code == 200
    second = someone.handset()[0]
    assert second["channel"] == "voice"
    if first != second["code"]:
        assert someone.check(first).json()["code"] == "invalid_code"
    assert someone.check(second["code"]).status_code == 200


def test_five_wrong_codes_end_it(person):
    someone = person()
    someone.start()
    code = int(someone.handset()[0]["code"])
    wrong = [f"{(code + step) % 1_000_000:06}" for step in range(1, 6)]
    assert [someone.check(each).json()["code"] for each in wrong] == ["invalid_code"] * 4 + ["exhausted"]
    assert someone.check().json()["code"] == "exhausted"


def test_a_logged_in_user_proves_a_number(site, client):
    user = get_user_model().objects.create_user("someone")
    client.force_login(user)
    started = client.post("/api/phone/verifications/", {"number": "+12015550100"}, "application/json").json()
    code = requests.get(f"{site}/sandbox/handset/+12015550100/").json()["messages"][0]["code"]
    checked = client.post(f"/api/phone/verifications/{started['id']}/check/", {"code": code}, "application/json")
    assert checked.status_code == 200
    assert Verification.objects.get().user == user
