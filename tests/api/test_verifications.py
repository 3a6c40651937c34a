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
def address(started):
    return f"{URL}{started['id']}/"


def test_start_look_check(client, lanck, phone):
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
    address = f"{URL}{body['id']}/"
    looked = client.get(address).json()
    assert looked == {**body, "expires_at": looked["expires_at"], "resend_at": looked["resend_at"]}
    lanck.report(lanck.sent[-1], "DELIVERED")
    assert client.get(address).json()["delivery"] == "DELIVERED"
    checked = post(client, f"{address}check/", {"code": lanck.sent[-1].code})
    assert checked.status_code == 200
    assert checked.json()["status"] == "verified"
    assert len(checked.json()["proof"]) >= 43
    assert "proof" not in client.get(address).json()


def test_no_answer_is_kept_by_a_cache(client, lanck, started, address):
    for response in (client.get(address), post(client, f"{address}check/", {"code": lanck.sent[-1].code})):
        assert "no-store" in response["Cache-Control"]


def test_times_are_the_databases_in_iso(started):
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
def test_a_bad_field_is_named_and_nothing_changes(client, lanck, body, code, field):
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
def test_a_bad_body_is_refused_in_the_same_shape(client, lanck, started, address, body, content_type, status, code):
    asked = len(lanck.requests)
    for url in (URL, f"{address}check/", f"{address}resend/"):
        response = post(client, url, body, content_type)
        assert (response.status_code, response.json()["code"]) == (status, code)
        assert set(response.json()) == {"code", "detail"}
    assert len(lanck.requests) == asked


@pytest.mark.parametrize("code", ["", None, True, [], {}, "x" * 10_000, "12", " "])
def test_a_code_that_cannot_be_one_costs_nothing(client, lanck, address, code):
    response = post(client, f"{address}check/", {"code": code})
    assert (response.status_code, response.json()["code"]) == (400, "invalid_code")
    assert response.json()["errors"]["code"]
    assert client.get(address).json()["attempts_left"] == 5
    assert not lanck.sent[-1].checks


def test_a_wrong_code_says_so(client, lanck, address):
    wrong = f"{(int(lanck.sent[-1].code) + 1) % 1_000_000:06}"
    response = post(client, f"{address}check/", {"code": wrong})
    assert response.status_code == 400
    assert response.json() == {
        "code": "invalid_code",
        "detail": "This code is not right. Check the digits and try again.",
        "errors": {"code": ["This code is not right. Check the digits and try again."]},
    }


def test_exhausted_expired_canceled(client, lanck, address, backdate):
    wrong = f"{(int(lanck.sent[-1].code) + 1) % 1_000_000:06}"
    codes = [post(client, f"{address}check/", {"code": wrong}).json()["code"] for _ in range(6)]
    assert codes == ["invalid_code"] * 4 + ["exhausted"] * 2
    assert client.get(address).json()["status"] == "exhausted"
    for end, code in [("expired", "expired"), ("canceled", "canceled")]:
        other = post(client, URL, {"number": "+12015550124"}).json()
        if end == "expired":
            backdate(Verification.objects.get(pk=other["id"]), 601)
        else:
            assert client.delete(f"{URL}{other['id']}/").status_code == 204
        assert client.get(f"{URL}{other['id']}/").json()["status"] == end
        response = post(client, f"{URL}{other['id']}/check/", {"code": "123456"})
        assert (response.status_code, response.json()["code"]) == (400, code)


def test_a_resend_too_soon_says_when(client, lanck, address, backdate):
    response = post(client, f"{address}resend/", {})
    assert response.status_code == 429
    body = response.json()
    assert (body["code"], response["Retry-After"]) == ("resend_too_soon", str(body["retry_after"]))
    assert 28 <= body["retry_after"] <= 30
    backdate(Verification.objects.get(), 31)
    resent = post(client, f"{address}resend/", {"method": "call"})
    assert (resent.status_code, resent.json()["method"]) == (200, "call")
    assert [sent.channel for sent in lanck.sent] == ["sms", "call"]


def test_a_resend_without_a_body_uses_the_last_method(client, lanck, address, backdate):
    backdate(Verification.objects.get(), 31)
    assert client.generic("POST", f"{address}resend/").status_code == 200
    assert [sent.channel for sent in lanck.sent] == ["sms", "sms"]


def test_an_unavailable_lanck_is_a_503_with_a_time(client, lanck, phone, caplog):
    lanck.refuse(6, http_status=403, reason="Insufficient funds")
    with caplog.at_level(logging.CRITICAL, "django.request"):
        response = post(client, URL, {"number": phone})
    assert (response.status_code, response["Retry-After"]) == (503, "60")
    assert "funds" not in response.content.decode()


def test_an_unknown_outcome_is_a_started_verification(client, lanck, phone):
    lanck.lose_answer()
    response = post(client, URL, {"number": phone})
    assert (response.status_code, response.json()["delivery"]) == (201, "unknown")
    checked = post(client, f"{URL}{response.json()['id']}/check/", {"code": lanck.sent[-1].code})
    assert (checked.status_code, checked.json()["code"], checked["Retry-After"]) == (503, "outcome_unknown", "2")


def test_somebody_elses_verification_is_an_unknown_one_byte_for_byte(client, lanck, started, address):
    stranger = Client()
    post(stranger, URL, {"number": "+12015550199"})
    calls = len(lanck.requests)
    unknown = ["00000000-0000-0000-0000-000000000000", "x", "%00", "a" * 500]
    answers = set()
    for base in [address, *(f"{URL}{verification_id}/" for verification_id in unknown)]:
        responses = [
            stranger.get(base),
            stranger.delete(base),
            post(stranger, f"{base}check/", {"code": lanck.sent[0].code}),
            post(stranger, f"{base}resend/", {}),
        ]
        answers |= {(response.status_code, response.content) for response in responses}
    assert answers == {(404, b'{"code":"not_found","detail":"Not found."}')}
    assert len(lanck.requests) == calls


def test_looking_without_a_session_makes_none(lanck, address):
    stranger = Client()
    assert stranger.get(address).status_code == 404
    assert not stranger.cookies


def test_a_verification_survives_a_login_and_follows_the_user(client, lanck, started, address):
    user = get_user_model().objects.create_user("someone")
    client.force_login(user)
    assert client.get(address).status_code == 200
    mine = post(client, URL, {"number": "+12015550124"}).json()
    assert Verification.objects.get(pk=mine["id"]).user == user
    elsewhere = Client()
    elsewhere.force_login(user)
    assert elsewhere.get(f"{URL}{mine['id']}/").status_code == 200
    assert elsewhere.get(address).status_code == 404


@pytest.mark.parametrize("verb", ["put", "patch", "get", "delete"])
def test_other_verbs_are_refused_in_the_same_shape(client, lanck, address, verb):
    response = getattr(client, verb)(f"{address}check/")
    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")


def test_a_site_may_choose_who_and_how_often(client, lanck, phone):
    keys = {
        **lanck.settings,
        "API_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
        "API_AUTHENTICATION_CLASSES": ["rest_framework.authentication.BasicAuthentication"],
    }
    with override_settings(LANCK=keys):
        response = post(client, URL, {"number": phone})
    assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")
    assert response["WWW-Authenticate"].startswith("Basic")
    keys = {**lanck.settings, "API_THROTTLE_CLASSES": ["tests.api.test_verifications.Never"]}
    with override_settings(LANCK=keys):
        response = post(client, URL, {"number": phone})
    assert (response.status_code, response.json()["code"], response["Retry-After"]) == (429, "throttled", "8")
    assert not lanck.requests


class Never:
    def allow_request(self, request, view):
        return False

    def wait(self):
        return 7.2


def test_a_logged_in_browser_needs_its_csrf_token(lanck, phone):
    client = Client(enforce_csrf_checks=True)
    assert post(client, URL, {"number": phone}).status_code == 201
    client.force_login(get_user_model().objects.create_user("someone"))
    response = post(client, URL, {"number": phone})
    assert (response.status_code, response.json()["code"]) == (403, "permission_denied")


def test_sentences_follow_the_language_of_the_request(client, lanck):
    assert post(client, URL, {}).json()["errors"]["number"] == ["This field is required."]


def test_a_refused_start_leaves_no_session_and_takes_nobodys(client, lanck, phone):
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
