"""Clients with and without cookies sign up, log in and change their number by the JSON API."""

import logging

import pytest
import requests
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.test import Client

from django_lanck.models import Verification, VerifiedNumber
from tests.helpers import PHONE, prove

pytestmark = pytest.mark.django_db

API = "/api/phone/"
OTHER = "+12015550124"
PURPOSES = {purpose: {"PUBLIC": True} for purpose in ("signup", "login", "change_number", "confirm")}
TOKENS = {
    "rest_framework_token": "rest_framework.authentication.TokenAuthentication",
    "simplejwt_tokens": "rest_framework_simplejwt.authentication.JWTAuthentication",
}


@pytest.fixture(autouse=True)
def purposes(lanck, settings):
    settings.LANCK = {**lanck.settings, "PURPOSES": PURPOSES}


class App:
    """A client without cookies: each request is a new connection. It stores tokens only."""

    def __init__(self, lanck, url=""):
        self.lanck, self.url, self.headers = lanck, url, {}

    def call(self, path, body=None, verb="post"):
        if self.url:
            return requests.request(verb, f"{self.url}{API}{path}", json=body, headers=self.headers, timeout=30)
        client = Client(raise_request_exception=False, enforce_csrf_checks=True)
        response = getattr(client, verb)(f"{API}{path}", body, "application/json", headers=self.headers)
        assert not response.cookies
        return response

    def prove(self, number=PHONE, purpose="signup"):
        started = self.call("verifications/", {"number": number, "purpose": purpose, "with_token": True}).json()
        self.headers["Verification-Token"] = started["token"]
        return self.call(f"verifications/{started['id']}/check/", {"code": self.lanck.sent[-1].code}).json()["proof"]


@pytest.fixture
def app(lanck):
    return App(lanck)


def content(response):
    return response.status_code, response.content


def test_start_with_token_sets_no_cookie_and_stores_a_hash(app, caplog, client):
    caplog.set_level(logging.DEBUG)
    started = app.call("verifications/", {"number": PHONE, "with_token": True})
    assert started.status_code == 201
    token, path = started.json()["token"], f"verifications/{started.json()['id']}/"
    assert token not in str(Verification.objects.values().get())
    assert app.call(path, verb="get").status_code == 404
    app.headers["Verification-Token"] = token
    answer = app.call(path, verb="get")
    assert answer.status_code == 200
    assert "token" not in answer.json()
    assert not Session.objects.exists()
    assert token not in caplog.text
    assert "token" not in client.post(f"{API}verifications/", {"number": OTHER}, "application/json").json()
    assert "sessionid" in client.cookies


def test_token_is_worth_nothing_for_another_verification_in_the_url_or_after_the_end(app):
    unknown = content(app.call("verifications/0/", verb="get"))
    one, two = (app.call("verifications/", {"number": n, "with_token": True}).json() for n in (PHONE, OTHER))
    path = f"verifications/{one['id']}/"
    app.headers["Verification-Token"] = two["token"]
    assert content(app.call(path, verb="get")) == unknown
    app.headers.clear()
    assert content(app.call(f"{path}?token={one['token']}&Verification-Token={one['token']}", verb="get")) == unknown
    app.headers["Verification-Token"] = one["token"]
    assert app.call(path, verb="delete").status_code == 204
    for verb, end in ("get", ""), ("delete", ""), ("post", "check/"), ("post", "resend/"):
        assert content(app.call(f"{path}{end}", {"code": "123456"} if verb == "post" else None, verb)) == unknown


def test_token_ends_when_the_proof_is_redeemed(app, settings):
    settings.LANCK = {**settings.LANCK, "LOGIN_RESPONSE": "tests.api.test_clients.nothing"}
    proof = app.prove()
    path = f"verifications/{Verification.objects.get().pk}/"
    assert app.call(path, verb="get").status_code == 200
    assert app.call("signup/", {"proof": proof}).status_code == 201
    assert app.call(path, verb="get").status_code == 404
    assert not Session.objects.exists()


def nothing(request, user):
    return {}


def test_header_makes_a_session_count_for_nothing(lanck, client, django_user_model):
    client.force_login(django_user_model.objects.create_user("user"))
    client.handler.enforce_csrf_checks = True
    body = {"number": PHONE}
    refused = client.post(f"{API}verifications/", body, "application/json")
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
    assert client.post(f"{API}verifications/", {**body, "with_token": True}, "application/json").status_code == 201
    assert Verification.objects.get().user_id is None
    assert client.get(f"{API}me/", headers={"Verification-Token": "x"}).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_app_without_cookies_signs_up_logs_in_and_changes_its_number(lanck, live_server, settings):
    login = "simplejwt_tokens"
    settings.SIMPLE_JWT = {"SIGNING_KEY": "a key of the tests with at least 32 bytes"}
    keys = {"LOGIN_RESPONSE": f"django_lanck.api.logins.{login}", "API_AUTHENTICATION_CLASSES": [TOKENS[login]]}
    settings.LANCK = {**settings.LANCK, **keys}
    app = App(lanck, live_server.url)
    answer = app.call("signup/", {"proof": app.prove()})
    assert answer.status_code == 201
    assert not answer.cookies
    answer = app.call("login/", {"proof": app.prove(purpose="login")})
    assert (answer.status_code, answer.json()["number"]) == (200, "+1201•••0123")
    app.headers["Authorization"] = f"Bearer {answer.json()['access']}"
    proof = app.prove(OTHER, "change_number")
    refused = app.call("number/", {"proof": proof})
    assert (refused.status_code, refused.json()["code"]) == (403, "confirmation_required")
    first = app.headers["Verification-Token"]
    confirmation = app.prove(PHONE, "confirm")
    app.headers["Verification-Token"] += f", {first}"
    changed = app.call("number/", {"proof": proof, "confirmation": confirmation})
    assert (changed.status_code, changed.json()["number"]) == (200, "+1201•••0124")
    assert app.call("me/", verb="get").json() == changed.json()
    assert VerifiedNumber.objects.get().number == OTHER
    assert not Session.objects.exists()


def test_browser_signs_up_and_needs_the_csrf_token_afterwards(lanck):
    browser = Client(enforce_csrf_checks=True)

    def post(path, body, **headers):
        return browser.post(f"{API}{path}", body, "application/json", headers=headers)

    def prove_number(number, purpose, **headers):
        started = post("verifications/", {"number": number, "purpose": purpose}, **headers).json()
        path = f"verifications/{started['id']}/check/"
        return post(path, {"code": lanck.sent[-1].code}, **headers).json()["proof"]

    answer = post("signup/", {"proof": prove_number(PHONE, "signup")})
    assert answer.status_code == 201
    me = browser.get(f"{API}me/").json()
    assert me["number"] == "+1201•••0123"
    token = {"X-CSRFToken": me["csrf_token"]}
    proof = prove_number(OTHER, "change_number", **token)
    assert post("number/", {"proof": proof}).json()["code"] == "permission_denied"
    assert post("number/", {"proof": proof}, **token).json()["number"] == "+1201•••0124"


@pytest.mark.parametrize("owner", [{"is_staff": True}, {"is_active": False}, {}])
def test_signup_and_login_never_open_an_account_that_the_guard_refuses(app, lanck, settings, owner):
    settings.LANCK = {**settings.LANCK, "LOGIN_RESPONSE": "tests.api.test_clients.nothing"}
    user = get_user_model().objects.create_user("owner", **owner)
    from django_lanck.services import claim_number, redeem_proof

    redeem_proof(proof=(proof := prove(lanck)))
    claim_number(user=user, proof=proof)
    expected = (
        (403, "other_login_required")
        if "is_staff" in owner
        else (403, "account_closed")
        if owner
        else (409, "number_taken")
    )
    refused = app.call("signup/", {"proof": app.prove()})
    assert (refused.status_code, refused.json()["code"]) == expected
    logged_in = app.call("login/", {"proof": app.prove(purpose="login")})
    assert logged_in.status_code == (403 if owner else 200)
    assert get_user_model().objects.get() == user


@pytest.mark.parametrize("path", ["signup/", "login/", "number/"])
@pytest.mark.parametrize(
    ("body", "code"),
    [({}, "invalid_proof"), ({"proof": 7}, "invalid_proof"), ({"proof": "x"}, "invalid_proof"), ([], "invalid_body")],
)
def test_bad_bodies_are_refused(client, django_user_model, path, body, code):
    client.force_login(django_user_model.objects.create_user("user"))
    answer = client.post(f"{API}{path}", body, "application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, code)


@pytest.mark.parametrize("path", ["signup/", "login/", "number/"])
def test_endpoint_of_a_purpose_that_is_not_public_is_not_found(client, lanck, settings, path):
    settings.LANCK = {**lanck.settings, "PURPOSES": {"signup": {}, "login": {}, "change_number": {}}}
    assert client.post(f"{API}{path}", {"proof": "x"}, "application/json").status_code == 404
