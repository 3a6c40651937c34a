"""A rule of the site's own: LANCK["GUARD"]."""

import pytest

from django_lanck import services
from django_lanck.exceptions import Refusal
from django_lanck.models import LimitCounter, RefusalCount, Verification

pytestmark = pytest.mark.django_db

HOOK = "tests.guard.test_hook.ask_for_captcha"
URL = "/api/phone/verifications/"
asked = []


def ask_for_captcha(attempt):
    asked.append(attempt)
    if attempt.action == "start" and attempt.request is not None and attempt.request.data.get("captcha") != "right":
        raise Refusal("captcha_required", detail="Show that you are no machine.", http_status=403, retry_after=3)


def no_checks(attempt):
    if attempt.action in ("check", "resend", "send"):
        raise Refusal("closed", detail="Closed on Sundays.")


@pytest.fixture(autouse=True)
def guarded(enable_limits):
    asked.clear()
    enable_limits(GUARD=HOOK)


def post(client, **body):
    return client.post(URL, {"number": "+12015550123", **body}, "application/json")


def test_its_refusal_is_answered_in_the_shape_of_all_others(client, lanck):
    answer = post(client)
    assert answer.status_code == 403
    assert answer.json() == {"code": "captcha_required", "detail": "Show that you are no machine.", "retry_after": 3}
    assert answer["Retry-After"] == "3"
    assert not lanck.requests
    assert not Verification.objects.exists()
    assert not LimitCounter.objects.exists()


def test_it_may_read_what_the_client_sent(client, lanck):
    assert post(client, captcha="right").status_code == 201


def test_it_sees_the_attempt(client, lanck, phone):
    post(client, captcha="right")
    attempt = asked[0]
    assert (attempt.action, attempt.number, attempt.country, attempt.channel) == ("start", phone, "US", "sms")
    assert (attempt.purpose, attempt.address, attempt.user_id, attempt.is_test) == ("signup", "127.0.0.1", None, False)


def test_it_sees_resends_checks_and_sends_too(client, lanck, phone, backdate):
    started = post(client, captcha="right").json()
    backdate(Verification.objects.get(), 30)
    client.post(f"{URL}{started['id']}/resend/", {}, "application/json")
    client.post(f"{URL}{started['id']}/check/", {"code": "000000"}, "application/json")
    services.send_sms(number=phone, text="Hi")
    assert [(attempt.action, attempt.channel, attempt.request is not None) for attempt in asked] == [
        ("start", "sms", True),
        ("resend", "sms", True),
        ("check", "", True),
        ("send", "sms", False),
    ]


def test_it_may_turn_those_down(enable_limits, client, lanck, phone, backdate):
    verification = post(client, captcha="right").json()
    enable_limits(GUARD="tests.guard.test_hook.no_checks")
    backdate(Verification.objects.get(), 30)
    for action, body in (("resend", {}), ("check", {"code": lanck.sent[-1].code})):
        answer = client.post(f"{URL}{verification['id']}/{action}/", body, "application/json")
        assert (answer.status_code, answer.json()["code"]) == (403, "closed")
    with pytest.raises(Refusal, match="closed"):
        services.send_sms(number=phone, text="Hi")
    row = Verification.objects.get()
    assert (row.attempts, row.resends, row.state) == (0, 0, "pending")
    assert len(lanck.requests) == 1


def test_its_refusals_are_counted(client, lanck):
    post(client)
    post(client)
    assert list(RefusalCount.objects.values_list("rule", "action", "watched", "count")) == [
        ("guard", "start", False, 2)
    ]


def test_it_may_be_watched_first(enable_limits, client, lanck):
    enable_limits(GUARD=HOOK, WATCH=["guard"])
    assert post(client).status_code == 201
    assert list(RefusalCount.objects.values_list("rule", "watched", "count")) == [("guard", True, 1)]


def test_it_comes_after_what_needs_no_asking(enable_limits, client, lanck):
    enable_limits(GUARD=HOOK, COUNTRIES=["DE"])
    assert post(client).json()["code"] == "number_not_supported"
    assert not asked


def test_callers_of_the_services_may_give_their_request(lanck, phone, rf):
    request = rf.post("/")
    request.data = {}
    with pytest.raises(Refusal, match="captcha_required"):
        services.start_verification(number=phone, request=request)
    services.start_verification(number=phone)
