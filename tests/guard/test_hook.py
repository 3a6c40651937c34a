"""The site's own rule: the setting ``GUARD``."""

import pytest

from django_lanck import services
from django_lanck.exceptions import Refusal
from django_lanck.models import LimitCounter, RefusalCount, Verification

pytestmark = pytest.mark.django_db

HOOK = "tests.guard.test_hook.ask_for_captcha"
URL = "/api/phone/verifications/"
attempts = []


def ask_for_captcha(attempt):
    attempts.append(attempt)
    if attempt.action == "start" and attempt.request is not None and attempt.request.data.get("captcha") != "right":
        raise Refusal("captcha_required", detail="Show that you are no machine.", http_status=403, retry_after=3)


def no_checks(attempt):
    if attempt.action in ("check", "resend", "send"):
        raise Refusal("closed", detail="Closed on Sundays.")


@pytest.fixture(autouse=True)
def with_guard(enable_limits):
    attempts.clear()
    enable_limits(GUARD=HOOK)


def post(client, **body):
    return client.post(URL, {"number": "+12015550123", **body}, "application/json")


def test_refusal_of_the_site_has_the_usual_format_and_nothing_is_stored(client, lanck):
    answer = post(client)
    assert answer.status_code == 403
    assert answer.json() == {"code": "captcha_required", "detail": "Show that you are no machine.", "retry_after": 3}
    assert answer["Retry-After"] == "3"
    assert not lanck.requests
    assert not Verification.objects.exists()
    assert not LimitCounter.objects.exists()


def test_rule_can_read_the_body_of_the_request(client, lanck):
    assert post(client, captcha="right").status_code == 201


def test_rule_receives_the_attempt(client, lanck, phone):
    post(client, captcha="right")
    attempt = attempts[0]
    assert (attempt.action, attempt.number, attempt.country, attempt.channel) == ("start", phone, "US", "sms")
    assert (attempt.purpose, attempt.address, attempt.user_id, attempt.is_test) == ("signup", "127.0.0.1", None, False)


def test_rule_receives_resends_checks_and_sends(client, lanck, phone, backdate):
    started = post(client, captcha="right").json()
    backdate(Verification.objects.get(), 30)
    client.post(f"{URL}{started['id']}/resend/", {}, "application/json")
    client.post(f"{URL}{started['id']}/check/", {"code": "000000"}, "application/json")
    services.send_sms(number=phone, text="Hi")
    assert [(attempt.action, attempt.channel, attempt.request is not None) for attempt in attempts] == [
        ("start", "sms", True),
        ("resend", "sms", True),
        ("check", "", True),
        ("send", "sms", False),
    ]


def test_rule_can_refuse_resends_checks_and_sends(enable_limits, client, lanck, phone, backdate):
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


def test_refusals_of_the_site_are_counted(client, lanck):
    post(client)
    post(client)
    assert list(RefusalCount.objects.values_list("rule", "action", "watched", "count")) == [
        ("guard", "start", False, 2)
    ]


def test_watched_rule_of_the_site_allows_the_request(enable_limits, client, lanck):
    enable_limits(GUARD=HOOK, WATCH=["guard"])
    assert post(client).status_code == 201
    assert list(RefusalCount.objects.values_list("rule", "watched", "count")) == [("guard", True, 1)]


def test_rule_of_the_site_runs_after_the_rules_about_the_number(enable_limits, client, lanck):
    enable_limits(GUARD=HOOK, COUNTRIES=["DE"])
    assert post(client).json()["code"] == "number_not_supported"
    assert not attempts


def test_services_pass_the_given_request_to_the_rule(lanck, phone, rf):
    request = rf.post("/")
    request.data = {}
    with pytest.raises(Refusal, match="captcha_required"):
        services.start_verification(number=phone, request=request)
    services.start_verification(number=phone)
