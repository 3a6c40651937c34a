"""Attacks on the pages: on another user's account or number, and on the privacy of numbers."""

import logging
import re
import sys

import pytest
from django.contrib.auth import get_user_model
from django.core.signals import got_request_exception
from django.test import Client
from django.views.debug import ExceptionReporter

from django_lanck.models import Verification, VerifiedNumber
from tests.web.conftest import OTHER, Visitor, owner, text, url_of

users = get_user_model().objects
FLOWS = ("signup", "login", "change", "confirm")


@pytest.mark.parametrize(
    "next_url",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "http:///evil.example",
        " https://evil.example",
        "/" + "x" * 2001,
        "\x00//evil.example",
        "evil",
        "lanck_web:confirm",
        "?evil",
    ],
)
def test_next_url_of_another_site_is_ignored(visitor, create_account, phone, next_url):
    create_account()
    for flow in ("signup", "login"):
        assert next_url not in text(visitor.open(flow, next=next_url))
    assert visitor.prove("login", phone, next=next_url)["Location"] == "/members/"
    assert visitor.prove("change", OTHER, next=next_url).status_code == 200
    session = visitor.client.session
    session["lanck_authenticated_at"] = 0
    session.save()
    visitor.post("confirm", "", next=next_url)
    assert visitor.type_code("confirm")["Location"] == "/members/"


def test_login_does_not_log_in_the_session_of_an_attacker(lanck, create_account, phone):
    """Session fixation: the victim's browser has the attacker's session cookie."""
    create_account()
    attacker, victim = Visitor(lanck), Visitor(lanck)
    attacker.submit_number("login", OTHER)
    victim.client.cookies = attacker.client.cookies.copy()
    victim.prove("login", phone)
    assert (attacker.user, victim.user) == (None, owner(phone))
    assert attacker.open("login", "code")["Location"] == url_of("login")


def test_verification_of_another_browser_is_not_found(lanck, visitor, other_browser, phone):
    visitor.submit_number("signup", phone)
    session = other_browser.client.session
    session["lanck_web"] = visitor.client.session["lanck_web"]
    session.save()
    assert other_browser.open("signup", "code")["Location"] == url_of("signup")
    assert other_browser.open("signup", "status").status_code == 404
    assert other_browser.type_code("signup")["Location"] == url_of("signup")
    assert other_browser.post("signup", "cancel")["Location"] == url_of("signup")
    assert Verification.objects.get().state == "pending"
    assert users.count() == 0


def test_verification_for_another_purpose_is_not_found(visitor, create_account, phone):
    """The code of a signup, which may be weaker, does not log in."""
    create_account()
    visitor.submit_number("signup", phone)
    session = visitor.client.session
    session["lanck_web"] = {"login": session["lanck_web"]["signup"]}
    session.save()
    assert visitor.type_code("login")["Location"] == url_of("login")
    assert visitor.user is None


def test_proof_for_another_purpose_is_refused(visitor, lanck_settings, phone):
    lanck_settings(SIGNUP_FORM="tests.web.forms.NameForm")
    visitor.prove("signup", phone)
    assert "Verify the number again." in text(visitor.open("login", "finish"))  # the client ignores the cookie's path
    assert users.count() == 0


def test_proof_of_another_browser_is_refused(visitor, other_browser, lanck_settings, phone):
    lanck_settings(SIGNUP_FORM="tests.web.forms.NameForm")
    visitor.prove("signup", phone)
    for act in (
        lambda: other_browser.open("signup", "finish"),
        lambda: other_browser.post("signup", "finish", first_name="Eve"),
    ):
        other_browser.client.cookies["lanck_proof_token"] = visitor.proof
        assert "Verify the number again." in text(act())
    assert visitor.post("signup", "finish", first_name="Ada").status_code == 302
    assert users.get().first_name == "Ada"


def test_proof_is_stored_only_in_a_cookie_for_the_finish_page(visitor, lanck_settings, phone, caplog):
    lanck_settings(SIGNUP_FORM="tests.web.forms.NameForm")
    with caplog.at_level(logging.DEBUG):
        response = visitor.prove("signup", phone)
        page = visitor.open("signup", "finish")
    cookie = response.cookies["lanck_proof_token"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", url_of("signup", "finish"))
    assert cookie["max-age"] == 900
    proof = cookie.value
    assert proof not in response["Location"] + text(page) + caplog.text
    assert proof not in str(dict(visitor.client.session.items())) + str(list(Verification.objects.values()))
    assert not cookie["secure"]


@pytest.mark.parametrize("by_setting", [True, False])
def test_proof_cookie_over_https_is_secure(lanck, db, lanck_settings, settings, phone, by_setting):
    lanck_settings(SIGNUP_FORM="tests.web.forms.NameForm")
    settings.SESSION_COOKIE_SECURE = by_setting
    visitor = Visitor(lanck)
    visitor.client.post(url_of("signup"), {"number": phone}, secure=True)
    response = visitor.client.post(url_of("signup", "code"), {"code": lanck.sent[-1].code}, secure=True)
    assert response.cookies["lanck_proof_token"]["secure"]


def test_proof_cookie_is_deleted_after_the_signup(visitor, lanck_settings, phone):
    lanck_settings(SIGNUP_FORM="tests.web.forms.NameForm")
    visitor.prove("signup", phone)
    cookie = visitor.post("signup", "finish", first_name="Ada").cookies["lanck_proof_token"]
    assert (cookie.value, cookie["max-age"], cookie["path"]) == ("", 0, url_of("signup", "finish"))


@pytest.fixture
def reports():
    """Django's error reports, as HTML and as text, of the exceptions of the test."""
    texts = []

    def failed(sender, request, **kwargs):
        reporter = ExceptionReporter(request, *sys.exc_info())
        texts.extend([reporter.get_traceback_html(), reporter.get_traceback_text()])

    got_request_exception.connect(failed)
    yield texts
    got_request_exception.disconnect(failed)


def fail(*arguments, **more):
    raise ZeroDivisionError


def test_error_report_does_not_contain_the_proof(visitor, lanck_settings, phone, monkeypatch, reports):
    lanck_settings(SIGNUP_FORM="tests.web.forms.NameForm")
    monkeypatch.setattr("django_lanck.services.verifications.accounts.claim_proved", fail)
    visitor.prove("signup", phone)
    visitor.client.raise_request_exception = False
    visitor.post("signup", "finish", first_name="Ada")
    assert len(reports) == 2
    assert all("ZeroDivisionError" in report and visitor.proof not in report for report in reports)


def test_error_report_contains_neither_code_nor_password(visitor, create_account, phone, monkeypatch, reports):
    visitor.log_in(create_account(password="correct horse"))
    visitor.submit_number("change", OTHER)
    monkeypatch.setattr("django_lanck.services.check_verification", fail)
    monkeypatch.setattr("django_lanck.services.verifications.accounts.authenticate", fail)
    visitor.client.raise_request_exception = False
    visitor.type_code("change", "314159")
    visitor.post("confirm", "", password="correct horse")
    assert len(reports) == 4
    for report in reports:
        assert "ZeroDivisionError" in report
        assert "314159" not in report
        assert "correct horse" not in report


ORDERS = (
    ["give", "finish", "code"],
    ["finish", "give", "finish?new"],
    ["give", "cancel", "finish?new", "code"],
    ["give", "login", "finish?new", "code"],
    ["give", "give", "code", "finish?new"],
)


@pytest.mark.parametrize("order", ORDERS)
def test_number_is_not_claimed_without_its_code_in_any_order_of_steps(visitor, other_browser, phone, order):
    """Pre-hijacking: the attacker's earlier steps do not affect the victim's signup."""
    acts = {
        "give": lambda: other_browser.submit_number("signup", phone),
        "login": lambda: other_browser.submit_number("login", phone),
        "code": lambda: other_browser.type_code("signup", "000000"),
        "cancel": lambda: other_browser.post("signup", "cancel"),
        "finish": lambda: other_browser.post("signup", "finish", number=phone),
        "finish?new": lambda: other_browser.post("signup", "finish", number=phone, new=1),
    }
    for act in order:
        acts[act]()
    assert (users.count(), VerifiedNumber.objects.count()) == (0, 0)
    visitor.prove("signup", phone)
    assert owner(phone) == visitor.user
    for act in order:
        acts[act]()
    assert (users.count(), other_browser.user) == (1, None)


def test_number_in_the_request_does_not_replace_the_proved_number(visitor, other_browser, phone):
    other_browser.submit_number("signup", OTHER)
    other_browser.client.post(url_of("signup", "code"), {"code": other_browser.lanck.sent[-1].code, "number": phone})
    assert (owner(OTHER), owner(phone)) == (other_browser.user, None)
    visitor.prove("signup", phone)
    assert visitor.user not in (None, other_browser.user)


def test_start_for_another_number_does_not_replace_the_proved_number(visitor, lanck_settings, phone):
    lanck_settings(SIGNUP_FORM="tests.web.forms.NameForm")
    visitor.prove("signup", phone)
    visitor.submit_number("signup", OTHER)
    visitor.post("signup", "finish", first_name="Ada", number=OTHER)
    assert (owner(phone), owner(OTHER)) == (visitor.user, None)


def test_user_in_the_request_of_a_change_is_ignored(visitor, other_browser, create_account, phone):
    mine, theirs = create_account(phone), create_account(OTHER)
    visitor.log_in(mine)
    visitor.client.post(url_of("change"), {"number": "+12015550125", "user": theirs.pk})
    visitor.client.post(url_of("change", "code"), {"code": visitor.lanck.sent[-1].code, "user": theirs.pk})
    assert (owner("+12015550125"), owner(OTHER)) == (mine, theirs)


def test_code_of_another_users_change_is_refused(visitor, other_browser, create_account, phone):
    visitor.log_in(create_account(phone))
    other_browser.log_in(users.create_user("eve"))
    other_browser.submit_number("change", OTHER)
    code = other_browser.lanck.sent[-1].code
    session = visitor.client.session
    session["lanck_web"] = {"change": other_browser.client.session["lanck_web"]["change"]}
    session.save()
    assert visitor.type_code("change", code)["Location"] == url_of("change")
    assert owner(OTHER) is None


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("step", ["", "code", "resend", "cancel", "finish"])
def test_post_without_csrf_token_is_refused(lanck, create_account, phone, flow, step):
    if step == "finish" and flow in ("change", "confirm"):
        return
    user, sent = create_account(), len(lanck.sent)
    visitor = Visitor(lanck, enforce_csrf_checks=True).log_in(user)
    assert visitor.client.post(url_of(flow, step), {"number": OTHER, "new": 1}).status_code == 403
    assert len(lanck.sent) == sent


def test_post_with_the_csrf_token_of_the_page_is_accepted(lanck, db, phone):
    visitor = Visitor(lanck, enforce_csrf_checks=True)
    token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', text(visitor.open("signup")))[1]
    assert visitor.submit_number("signup", phone, csrfmiddlewaretoken=token).status_code == 302
    page = text(visitor.open("signup", "code"))
    tokens = re.findall(r'csrfmiddlewaretoken" value="(\w+)"', page)
    assert len(tokens) == page.count("<form") == 3
    assert visitor.post("signup", "code", code=lanck.sent[-1].code, csrfmiddlewaretoken=tokens[0]).status_code == 302


def test_csrf_is_checked_without_the_middleware(lanck, create_account, phone, settings):
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "csrf" not in name]
    visitor = Visitor(lanck, enforce_csrf_checks=True)
    assert visitor.submit_number("signup", phone).status_code == 403


@pytest.mark.parametrize("flow", FLOWS)
def test_page_of_a_missing_purpose_is_404(visitor, create_account, lanck_settings, flow):
    visitor.log_in(create_account())
    purpose = "change_number" if flow == "change" else flow
    lanck_settings(PURPOSES={name: {} for name in ("signup", "login", "change_number", "confirm") if name != purpose})
    for step in ("", "code", "status", "resend", "cancel"):
        assert visitor.open(flow, step).status_code == 404
        assert step == "status" or visitor.post(flow, step).status_code == 404


def test_pages_are_open_with_login_required_middleware(settings, visitor, phone):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
    assert visitor.client.get("/members/").status_code == 302
    visitor.submit_number("signup", phone)
    assert visitor.open("signup", "status").status_code == 200
    assert visitor.type_code("signup")["Location"] == "/members/"


@pytest.mark.django_db(transaction=True)
def test_pages_work_with_atomic_requests(lanck, phone, settings):
    from django.db import connections

    visitor = Visitor(lanck)
    was = connections["default"].settings_dict["ATOMIC_REQUESTS"]
    connections["default"].settings_dict["ATOMIC_REQUESTS"] = True
    try:
        visitor.prove("signup", phone)
    finally:
        connections["default"].settings_dict["ATOMIC_REQUESTS"] = was
    assert visitor.user == owner(phone)


@pytest.mark.parametrize("number", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>'])
def test_submitted_values_are_escaped(visitor, number):
    page = text(visitor.submit_number("signup", number, next=number, country=number, method=number))
    assert number not in page
    assert "<script>alert" not in page


def test_pages_have_no_inline_script_or_style(visitor, create_account, lanck_settings, phone):
    pages = [visitor.open("signup"), visitor.open("login")]
    visitor.submit_number("signup", phone)
    pages += [visitor.open("signup", "code"), visitor.type_code("signup", "000000")]
    lanck_settings(SIGNUP_FORM="tests.web.forms.NameForm")
    visitor.type_code("signup")
    pages += [visitor.open("signup", "finish")]
    visitor.log_in(create_account(OTHER))
    pages += [visitor.open("confirm"), visitor.open("change"), visitor.prove("change", phone)]
    for page in pages:
        html = page.content.decode()
        assert page.status_code == 200
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:|https?://", html)
        assert "no-store" in page["Cache-Control"]


def test_head_and_other_methods_change_nothing(visitor, phone):
    assert visitor.client.head(url_of("signup")).status_code == 200
    assert Client().put(url_of("signup")).status_code == 405
    assert Verification.objects.count() == 0
