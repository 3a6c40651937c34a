"""A person, the site, the sandbox and its receipts over real HTTP, for every outcome of the sandbox."""

import time

import pytest
import requests
from django.contrib.auth import get_user_model

from django_lanck.models import Message, Receipt, Verification
from django_lanck.sandbox.provider import receipts
from tests.helpers import wrong_code
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
        "BREAKER_FAILURES": 0,  # no test depends on the faults of another
    }
    settings.LANCK_SANDBOX = {"ALLOW_WITHOUT_DEBUG": True, "RECEIPT_DELAY": 0.02, "HANG_SECONDS": 1}
    yield live_server.url
    receipts.wait()
    receipts.clear()


@pytest.fixture
def person(site):
    return lambda number="+12015550100": Person(site, number)


@pytest.mark.parametrize(("method", "final"), [("sms", "DELIVERED"), ("voice", "ANSWERED"), ("call", "DELIVERED")])
def test_verification_by_each_method(person, method, final, admin_client):
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
    ("number", "delivery", "receipts_stored"),
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
def test_delivery_and_receipts_of_each_number(person, number, delivery, receipts_stored):
    someone = person(number)
    someone.start()
    assert receipts.wait()
    assert someone.fetch()["delivery"] == delivery
    if receipts_stored is not None:
        assert Receipt.objects.count() == receipts_stored


def test_refresh_in_the_admin_replaces_missing_receipts(person, admin_client):
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
def test_each_error_of_lanck_is_answered_with_its_refusal(person, code, status, refusal, settings):
    settings.LANCK = {**settings.LANCK, "RATE_LIMIT_WAIT": 0.1}
    someone = person(f"+120255501{code}")
    response = someone.start()
    assert (response.status_code, response.json()["code"]) == (status, refusal)
    assert Verification.objects.get().state == "canceled"
    assert Message.objects.get().error_code == int(code)
    assert someone.handset() == []


@pytest.mark.parametrize("fault", ["01", "02", "04", "06", "07", "08", "09", "11"])
def test_accepted_message_with_a_lost_answer_can_be_verified(person, fault):
    someone = person(f"+120355501{fault}")
    started_at = time.monotonic()
    response = someone.start()
    assert time.monotonic() - started_at < 3
    assert (response.status_code, response.json()["delivery"]) == (201, "unknown")
    assert receipts.wait()
    assert len(someone.handset()) == 1
    assert someone.fetch()["delivery"] == "DELIVERED"
    assert someone.check().status_code == 200


def test_send_is_retried_after_429(person):
    someone = person("+12035550103")
    assert someone.start().status_code == 201
    assert len(someone.handset()) == 1


def test_receipts_before_the_answer_are_stored(person, settings):
    settings.LANCK = {**settings.LANCK, "READ_TIMEOUT": 5, "TOTAL_TIMEOUT": 6}
    someone = person("+12035550112")
    started = someone.start()
    assert (started.status_code, started.json()["delivery"]) == (201, "accepted")
    assert someone.fetch()["delivery"] == "DELIVERED"
    assert someone.check().status_code == 200


@pytest.mark.parametrize("fault", ["20", "21", "22", "23"])
def test_lost_answer_to_a_right_code_is_settled_by_the_same_code(person, fault):
    someone = person(f"+120355501{fault}")
    someone.start()
    lost = someone.check()
    assert (lost.status_code, lost.json()["code"]) == (503, "check_unknown")
    assert someone.fetch()["status"] == "pending"
    other = wrong_code(someone.handset()[0]["code"])
    assert someone.check(other).json()["code"] == "invalid_code"
    assert someone.check().json()["status"] == "verified"


@pytest.mark.parametrize("fault", ["24", "27", "28"])
def test_invalid_answer_to_a_right_code_is_settled_by_a_lookup(person, fault):
    someone = person(f"+120355501{fault}")
    someone.start()
    assert someone.check().json()["status"] == "verified"


def test_check_that_cannot_be_settled_stays_unknown(person):
    someone = person("+12035550130")
    someone.start()
    for _ in range(3):
        assert someone.check().json()["code"] == "check_unknown"
    assert someone.fetch()["status"] == "pending"


def test_check_that_is_not_carried_out_spends_no_attempt(person):
    someone = person("+12035550126")
    someone.start()
    assert someone.check().json()["code"] == "unavailable"
    assert someone.fetch()["attempts_left"] == 5


def test_error_answer_with_status_200_is_an_error(person):
    someone = person("+12035550129")
    someone.start()
    wrong = wrong_code(someone.handset()[0]["code"])
    assert someone.check(wrong).json()["code"] == "invalid_code"


def test_receipts_with_another_number_are_stored_only_for_a_known_request(person):
    someone = person("+12015550112")
    someone.start()
    receipts.wait()
    assert someone.fetch()["delivery"] in {"accepted", "SENT", "DELIVERED"}
    assert Message.objects.get().number == "+12015550112"
    assert someone.fetch()["status"] == "pending"


def test_resend_invalidates_the_first_code(person, backdate):
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


def test_five_wrong_codes_exhaust_the_verification(person):
    someone = person()
    someone.start()
    code = someone.handset()[0]["code"]
    wrong = [wrong_code(code, step) for step in range(1, 6)]
    assert [someone.check(each).json()["code"] for each in wrong] == ["invalid_code"] * 4 + ["exhausted"]
    assert someone.check().json()["code"] == "exhausted"


def test_verification_of_a_logged_in_user_has_the_user(site, client):
    user = get_user_model().objects.create_user("someone")
    client.force_login(user)
    started = client.post("/api/phone/verifications/", {"number": "+12015550100"}, "application/json").json()
    code = requests.get(f"{site}/sandbox/handset/+12015550100/").json()["messages"][0]["code"]
    checked = client.post(f"/api/phone/verifications/{started['id']}/check/", {"code": code}, "application/json")
    assert checked.status_code == 200
    assert Verification.objects.get().user == user
