import json
import logging

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.test import Client, override_settings

from django_lanck.models import Verification

pytestmark = pytest.mark.django_db

URL = "/api/phone/verifications/"


def post(client, url, body, content_type="application/json"):
    data = body if isinstance(body, str | bytes) else json.dumps(body)
    return client.generic("POST", url, data, content_type)


@pytest.fixture
def started(client, lanck, phone):
    return post(client, URL, {"number": phone}).json()


@pytest.fixture
def url(started):
    return f"{URL}{started['id']}/"


def test_start_get_and_check(client, lanck, phone):
    response = post(client, URL, {"number": "+1 201 555 0123", "method": "voice", "language": "de"})
    assert response.status_code == 201
    body = response.json()
    verification = Verification.objects.get()
    assert body == {
        "id": str(verification.pk),
        "number": "+1201•••0123",
        "method": "voice",
        "methods": ["sms", "voice", "call"],
        "purpose": "signup",
        "status": "pending",
        "code_length": 6,
        "attempts_left": 5,
        "expires_at": body["expires_at"],
        "resend_at": body["resend_at"],
        "delivery": "accepted",
    }
    url = f"{URL}{body['id']}/"
    fetched = client.get(url).json()
    assert fetched == {**body, "expires_at": fetched["expires_at"], "resend_at": fetched["resend_at"]}
    lanck.report(lanck.sent[-1], "DELIVERED")
    assert client.get(url).json()["delivery"] == "DELIVERED"
    checked = post(client, f"{url}check/", {"code": lanck.sent[-1].code})
    assert checked.status_code == 200
    assert checked.json()["status"] == "verified"
    assert len(checked.json()["proof"]) >= 43
    assert "proof" not in client.get(url).json()


def test_responses_are_not_cached(client, lanck, started, url):
    for response in (client.get(url), post(client, f"{url}check/", {"code": lanck.sent[-1].code})):
        assert "no-store" in response["Cache-Control"]


def test_times_are_those_of_the_database_in_iso_format(started):
    assert started["expires_at"].endswith("Z")
    assert started["expires_at"] > started["resend_at"]


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "invalid_number", "number"),
        ({"number": None}, "invalid_number", "number"),
        ({"number": ""}, "invalid_number", "number"),
        ({"number": []}, "invalid_number", "number"),
        ({"number": {"a": 1}}, "invalid_number", "number"),
        ({"number": True}, "invalid_number", "number"),
        ({"number": 7}, "invalid_number", "number"),
        ({"number": "x" * 10_000}, "invalid_number", "number"),
        ({"number": "+12015550123", "method": "pigeon"}, "invalid_method", "method"),
        ({"number": "+12015550123", "method": None}, "invalid_method", "method"),
        ({"number": "+12015550123", "purpose": "internal"}, "invalid_purpose", "purpose"),
        ({"number": "+12015550123", "purpose": "unheard"}, "invalid_purpose", "purpose"),
        ({"number": "+12015550123", "purpose": []}, "invalid_purpose", "purpose"),
        ({"number": "+12015550123", "language": "tlh"}, "invalid_language", "language"),
    ],
)
def test_invalid_field_is_named_and_nothing_is_sent(client, lanck, body, code, field):
    keys = {**lanck.settings, "PURPOSES": {"signup": {"PUBLIC": True}, "internal": {}}}
    with override_settings(LANCK=keys):
        response = post(client, URL, body)
    assert response.status_code == 400
    assert response.json()["code"] == code
    assert response.json()["errors"][field]
    assert response.json()["detail"] == response.json()["errors"][field][0]
    assert not lanck.requests
    assert not Verification.objects.exists()


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        ("[]", "application/json", 400, "invalid_body"),
        ('"x"', "application/json", 400, "invalid_body"),
        ("null", "application/json", 400, "invalid_body"),
        ("{", "application/json", 400, "invalid_body"),
        (b"\xff", "application/json", 400, "invalid_body"),
        (b'{"number": "\\u0000"}', "application/json", 400, "invalid_body"),
        ("[" * 10_000, "application/json", 400, "invalid_body"),
        ('{"number": "' + "1" * 100_000 + '"}', "application/json", 400, "invalid_body"),
        ("number=%2B12015550123", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        ('{"number": "+12015550123"}', "text/plain", 415, "unsupported_media_type"),
        ("x", "multipart/form-data; boundary=x", 415, "unsupported_media_type"),
    ],
)
def test_invalid_body_is_refused_in_the_shape_of_the_api(client, lanck, started, url, body, content_type, status, code):
    requests = len(lanck.requests)
    for endpoint in (URL, f"{url}check/", f"{url}resend/"):
        response = post(client, endpoint, body, content_type)
        assert (response.status_code, response.json()["code"]) == (status, code)
        assert set(response.json()) == {"code", "detail"}
    assert len(lanck.requests) == requests


@pytest.mark.parametrize("code", ["", None, True, [], {}, "x" * 10_000, "12", " "])
def test_invalid_code_spends_no_attempt(client, lanck, url, code):
    response = post(client, f"{url}check/", {"code": code})
    assert (response.status_code, response.json()["code"]) == (400, "invalid_code")
    assert response.json()["errors"]["code"]
    assert client.get(url).json()["attempts_left"] == 5
    assert not lanck.sent[-1].checks


def test_wrong_code_is_refused_with_its_field(client, lanck, url):
    wrong = f"{(int(lanck.sent[-1].code) + 1) % 1_000_000:06}"
    response = post(client, f"{url}check/", {"code": wrong})
    assert response.status_code == 400
    assert response.json() == {
        "code": "invalid_code",
        "detail": "This code is not right. Check the digits and try again.",
        "errors": {"code": ["This code is not right. Check the digits and try again."]},
    }


def test_ended_verification_is_refused_with_its_state(client, lanck, url, backdate):
    wrong = f"{(int(lanck.sent[-1].code) + 1) % 1_000_000:06}"
    codes = [post(client, f"{url}check/", {"code": wrong}).json()["code"] for _ in range(6)]
    assert codes == ["invalid_code"] * 4 + ["exhausted"] * 2
    assert client.get(url).json()["status"] == "exhausted"
    for end, code in [("expired", "expired"), ("canceled", "canceled")]:
        other = post(client, URL, {"number": "+12015550124"}).json()
        if end == "expired":
            backdate(Verification.objects.get(pk=other["id"]), 601)
        else:
            assert client.delete(f"{URL}{other['id']}/").status_code == 204
        assert client.get(f"{URL}{other['id']}/").json()["status"] == end
        response = post(client, f"{URL}{other['id']}/check/", {"code": "123456"})
        assert (response.status_code, response.json()["code"]) == (400, code)


def test_resend_before_the_wait_is_refused_with_retry_after(client, lanck, url, backdate):
    response = post(client, f"{url}resend/", {})
    assert response.status_code == 429
    body = response.json()
    assert (body["code"], response["Retry-After"]) == ("resend_too_soon", str(body["retry_after"]))
    assert 28 <= body["retry_after"] <= 30
    backdate(Verification.objects.get(), 31)
    resent = post(client, f"{url}resend/", {"method": "call"})
    assert (resent.status_code, resent.json()["method"]) == (200, "call")
    assert [sent.channel for sent in lanck.sent] == ["sms", "call"]


def test_resend_without_a_body_uses_the_last_method(client, lanck, url, backdate):
    backdate(Verification.objects.get(), 31)
    assert client.generic("POST", f"{url}resend/").status_code == 200
    assert [sent.channel for sent in lanck.sent] == ["sms", "sms"]


def test_unavailable_lanck_is_answered_with_503_and_retry_after(client, lanck, phone, caplog):
    lanck.refuse(6, http_status=403, reason="Insufficient funds")
    with caplog.at_level(logging.CRITICAL, "django.request"):
        response = post(client, URL, {"number": phone})
    assert (response.status_code, response["Retry-After"]) == (503, "60")
    assert "funds" not in response.content.decode()


def test_unknown_outcome_is_a_started_verification(client, lanck, phone):
    lanck.lose_answer()
    response = post(client, URL, {"number": phone})
    assert (response.status_code, response.json()["delivery"]) == (201, "unknown")
    checked = post(client, f"{URL}{response.json()['id']}/check/", {"code": lanck.sent[-1].code})
    assert (checked.status_code, checked.json()["code"], checked["Retry-After"]) == (503, "outcome_unknown", "2")


def test_response_for_another_clients_verification_equals_that_for_an_unknown_id(client, lanck, started, url):
    stranger = Client()
    post(stranger, URL, {"number": "+12015550199"})
    calls = len(lanck.requests)
    unknown = ["00000000-0000-0000-0000-000000000000", "x", "%00", "a" * 500]
    answers = set()
    for base in [url, *(f"{URL}{verification_id}/" for verification_id in unknown)]:
        responses = [
            stranger.get(base),
            stranger.delete(base),
            post(stranger, f"{base}check/", {"code": lanck.sent[0].code}),
            post(stranger, f"{base}resend/", {}),
        ]
        answers |= {(response.status_code, response.content) for response in responses}
    assert answers == {(404, b'{"code":"not_found","detail":"Not found."}')}
    assert len(lanck.requests) == calls


def test_get_without_a_session_creates_none(lanck, url):
    stranger = Client()
    assert stranger.get(url).status_code == 404
    assert not stranger.cookies


def test_verification_is_found_after_a_login_and_by_the_user(client, lanck, started, url):
    user = get_user_model().objects.create_user("someone")
    client.force_login(user)
    assert client.get(url).status_code == 200
    mine = post(client, URL, {"number": "+12015550124"}).json()
    assert Verification.objects.get(pk=mine["id"]).user == user
    elsewhere = Client()
    elsewhere.force_login(user)
    assert elsewhere.get(f"{URL}{mine['id']}/").status_code == 200
    assert elsewhere.get(url).status_code == 404


@pytest.mark.parametrize("verb", ["put", "patch", "get", "delete"])
def test_other_methods_are_refused_in_the_shape_of_the_api(client, lanck, url, verb):
    response = getattr(client, verb)(f"{url}check/")
    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")


def test_permission_and_throttle_classes_of_the_site_apply(client, lanck, phone):
    keys = {
        **lanck.settings,
        "API_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
        "API_AUTHENTICATION_CLASSES": ["rest_framework.authentication.BasicAuthentication"],
    }
    with override_settings(LANCK=keys):
        response = post(client, URL, {"number": phone})
    assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")
    assert response["WWW-Authenticate"].startswith("Basic")
    keys = {**lanck.settings, "API_THROTTLE_CLASSES": ["tests.api.test_verifications.DenyAll"]}
    with override_settings(LANCK=keys):
        response = post(client, URL, {"number": phone})
    assert (response.status_code, response.json()["code"], response["Retry-After"]) == (429, "throttled", "8")
    assert not lanck.requests


class DenyAll:
    def allow_request(self, request, view):
        return False

    def wait(self):
        return 7.2


def test_session_request_needs_a_csrf_token(lanck, phone):
    client = Client(enforce_csrf_checks=True)
    assert post(client, URL, {"number": phone}).status_code == 201
    client.force_login(get_user_model().objects.create_user("someone"))
    response = post(client, URL, {"number": phone})
    assert (response.status_code, response.json()["code"]) == (403, "permission_denied")


def test_refusals_are_in_the_language_of_the_request(client, lanck):
    assert post(client, URL, {}).json()["errors"]["number"] == ["This field is required."]


def test_refused_start_creates_no_session_and_deletes_none(client, lanck, phone):
    def start(number):
        return post(client, URL, {"number": number})

    assert start("+1201").status_code == start("").status_code == 400
    assert not Session.objects.exists()
    assert not client.cookies
    verification = start(phone).json()["id"]
    assert start("+19005550123").status_code == 400
    assert client.get(f"{URL}{verification}/").status_code == 200


def test_user_confirms_with_the_own_number_that_is_not_valid_any_more(client, lanck):
    from django.utils import timezone

    from django_lanck.models import VerifiedNumber

    user = get_user_model().objects.create_user("ada")
    VerifiedNumber.objects.create(user=user, number="+22997000042", verified_at=timezone.now())
    body = {"number": "+229 97 00 00 42", "purpose": "confirm"}
    with override_settings(LANCK={**lanck.settings, "PURPOSES": {"confirm": {"PUBLIC": True}}}):
        assert post(client, URL, body).json()["errors"] == {
            "number": ["Enter a valid phone number, with its country code."]
        }
        client.force_login(user)
        started = post(client, URL, body)
        assert (started.status_code, lanck.sent[-1].number) == (201, "+22997000042")
        checked = post(client, f"{URL}{started.json()['id']}/check/", {"code": lanck.sent[-1].code})
    assert checked.json()["proof"]
