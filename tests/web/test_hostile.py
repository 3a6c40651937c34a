"""What somebody tries who wants into another's account, or another's number, or to know whose it is."""

import logging
import re
import sys

import pytest
from django.contrib.auth import get_user_model
from django.core.signals import got_request_exception
from django.test import Client
from django.views.debug import ExceptionReporter

from django_lanck.models import Verification, VerifiedNumber
from tests.web.conftest import OTHER, Visitor, address, owner, text

users = get_user_model().objects
FLOWS = ("signup", "login", "change", "confirm")


@pytest.mark.parametrize(
    "asked",
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
def test_nobody_is_led_to_another_site(visitor, account, phone, asked):
    account()
    for flow in ("signup", "login"):
        assert asked not in text(visitor.open(flow, next=asked))
    assert visitor.prove("login", phone, next=asked)["Location"] == "/members/"
    assert visitor.prove("change", OTHER, next=asked).status_code == 200
    session = visitor.client.session
    session["lanck_authenticated_at"] = 0
    session.save()
    visitor.press("confirm", "", next=asked)
    assert visitor.type("confirm")["Location"] == "/members/"


def test_a_session_that_was_planted_is_not_the_one_of_the_account(lanck, account, phone):
    """Session fixation: the attacker's session, in the victim's browser, is not logged in by the victim's code."""
    account()
    attacker, victim = Visitor(lanck), Visitor(lanck)
    attacker.give("login", OTHER)
    victim.client.cookies = attacker.client.cookies.copy()
    victim.prove("login", phone)
    assert (attacker.user, victim.user) == (None, owner(phone))
    assert attacker.open("login", "code")["Location"] == address("login")


def test_the_verification_of_another_browser_is_not_there(lanck, visitor, stranger, phone):
    visitor.give("signup", phone)
    session = stranger.client.session
    session["lanck_web"] = visitor.client.session["lanck_web"]
    session.save()
    assert stranger.open("signup", "code")["Location"] == address("signup")
    assert stranger.open("signup", "status").status_code == 404
    assert stranger.type("signup")["Location"] == address("signup")
    assert stranger.press("signup", "cancel")["Location"] == address("signup")
    assert Verification.objects.get().state == "pending"
    assert users.count() == 0


def test_a_verification_for_another_purpose_is_not_there_either(visitor, account, phone):
    """A code of the signup, which may be the weaker one, opens no account."""
    account()
    visitor.give("signup", phone)
    session = visitor.client.session
    session["lanck_web"] = {"login": session["lanck_web"]["signup"]}
    session.save()
    assert visitor.type("login")["Location"] == address("login")
    assert visitor.user is None


def test_a_proof_for_another_purpose_buys_nothing(visitor, site, phone):
    site(SIGNUP_FORM="tests.web.forms.NameForm")
    visitor.prove("signup", phone)
    assert "Verify the number again." in text(visitor.open("login", "finish"))  # it has the cookie, against its path
    assert users.count() == 0


def test_a_proof_of_another_browser_buys_nothing(visitor, stranger, site, phone):
    site(SIGNUP_FORM="tests.web.forms.NameForm")
    visitor.prove("signup", phone)
    for act in (
        lambda: stranger.open("signup", "finish"),
        lambda: stranger.press("signup", "finish", first_name="Eve"),
    ):
        stranger.client.cookies["lanck_proof_token"] = visitor.proof
        assert "Verify the number again." in text(act())
    assert visitor.press("signup", "finish", first_name="Ada").status_code == 302
    assert users.get().first_name == "Ada"


def test_the_proof_is_in_a_cookie_that_only_its_page_gets_and_nowhere_else(visitor, site, phone, caplog):
    site(SIGNUP_FORM="tests.web.forms.NameForm")
    with caplog.at_level(logging.DEBUG):
        response = visitor.prove("signup", phone)
        page = visitor.open("signup", "finish")
    cookie = response.cookies["lanck_proof_token"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", address("signup", "finish"))
    assert cookie["max-age"] == 900
    proof = cookie.value
    assert proof not in response["Location"] + text(page) + caplog.text
    assert proof not in str(dict(visitor.client.session.items())) + str(list(Verification.objects.values()))
    assert not cookie["secure"]


@pytest.mark.parametrize("by_setting", [True, False])
def test_over_https_the_cookie_stays_there(lanck, db, site, settings, phone, by_setting):
    site(SIGNUP_FORM="tests.web.forms.NameForm")
    settings.SESSION_COOKIE_SECURE = by_setting
    visitor = Visitor(lanck)
    visitor.client.post(address("signup"), {"number": phone}, secure=True)
    response = visitor.client.post(address("signup", "code"), {"code": lanck.sent[-1].code}, secure=True)
    assert response.cookies["lanck_proof_token"]["secure"]


def test_the_cookie_is_gone_once_the_proof_is_spent(visitor, site, phone):
    site(SIGNUP_FORM="tests.web.forms.NameForm")
    visitor.prove("signup", phone)
    cookie = visitor.press("signup", "finish", first_name="Ada").cookies["lanck_proof_token"]
    assert (cookie.value, cookie["max-age"], cookie["path"]) == ("", 0, address("signup", "finish"))


@pytest.fixture
def reports():
    """Error reports, as Django's page and as text, of what goes wrong from now on."""
    made = []

    def failed(sender, request, **kwargs):
        reporter = ExceptionReporter(request, *sys.exc_info())
        made.extend([reporter.get_traceback_html(), reporter.get_traceback_text()])

    got_request_exception.connect(failed)
    yield made
    got_request_exception.disconnect(failed)


def fail(*arguments, **more):
    raise ZeroDivisionError


def test_an_error_report_has_no_proof(visitor, site, phone, monkeypatch, reports):
    site(SIGNUP_FORM="tests.web.forms.NameForm")
    monkeypatch.setattr("django_lanck.services.verifications.accounts.claim_proved", fail)
    visitor.prove("signup", phone)
    visitor.client.raise_request_exception = False
    visitor.press("signup", "finish", first_name="Ada")
    assert len(reports) == 2
    assert all("ZeroDivisionError" in report and visitor.proof not in report for report in reports)


def test_an_error_report_has_no_code_and_no_password(visitor, account, phone, monkeypatch, reports):
    visitor.log_in(account(password="correct horse"))
    visitor.give("change", OTHER)
    monkeypatch.setattr("django_lanck.services.check_verification", fail)
    monkeypatch.setattr("django_lanck.services.verifications.accounts.authenticate", fail)
    visitor.client.raise_request_exception = False
    visitor.type("change", "314159")
    visitor.press("confirm", "", password="correct horse")
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
def test_a_number_is_not_had_without_its_code_in_any_order_of_steps(visitor, stranger, phone, order):
    """Pre-hijacking: whatever the attacker does first, the victim's signup is the victim's."""
    acts = {
        "give": lambda: stranger.give("signup", phone),
        "login": lambda: stranger.give("login", phone),
        "code": lambda: stranger.type("signup", "000000"),
        "cancel": lambda: stranger.press("signup", "cancel"),
        "finish": lambda: stranger.press("signup", "finish", number=phone),
        "finish?new": lambda: stranger.press("signup", "finish", number=phone, new=1),
    }
    for act in order:
        acts[act]()
    assert (users.count(), VerifiedNumber.objects.count()) == (0, 0)
    visitor.prove("signup", phone)
    assert owner(phone) == visitor.user
    for act in order:
        acts[act]()
    assert (users.count(), stranger.user) == (1, None)


def test_an_account_of_the_attackers_is_not_what_the_victim_gets(visitor, stranger, phone):
    """The attacker verifies their own number, then names the victim's: the claim is on the proved one."""
    stranger.give("signup", OTHER)
    stranger.client.post(address("signup", "code"), {"code": stranger.lanck.sent[-1].code, "number": phone})
    assert (owner(OTHER), owner(phone)) == (stranger.user, None)
    visitor.prove("signup", phone)
    assert visitor.user not in (None, stranger.user)


def test_a_number_is_not_swapped_between_the_code_and_the_account(visitor, site, phone):
    """A proof for A, then a start for B: the account is A's."""
    site(SIGNUP_FORM="tests.web.forms.NameForm")
    visitor.prove("signup", phone)
    visitor.give("signup", OTHER)
    visitor.press("signup", "finish", first_name="Ada", number=OTHER)
    assert (owner(phone), owner(OTHER)) == (visitor.user, None)


def test_a_member_changes_no_number_but_their_own(visitor, stranger, account, phone):
    mine, theirs = account(phone), account(OTHER)
    visitor.log_in(mine)
    visitor.client.post(address("change"), {"number": "+12015550125", "user": theirs.pk})
    visitor.client.post(address("change", "code"), {"code": visitor.lanck.sent[-1].code, "user": theirs.pk})
    assert (owner("+12015550125"), owner(OTHER)) == (mine, theirs)


def test_a_code_that_somebody_else_asked_for_does_not_change_it(visitor, stranger, account, phone):
    """The stranger, logged in elsewhere, gets a code for the number: it is worth nothing in the visitor's browser."""
    visitor.log_in(account(phone))
    stranger.log_in(users.create_user("eve"))
    stranger.give("change", OTHER)
    code = stranger.lanck.sent[-1].code
    session = visitor.client.session
    session["lanck_web"] = {"change": stranger.client.session["lanck_web"]["change"]}
    session.save()
    assert visitor.type("change", code)["Location"] == address("change")
    assert owner(OTHER) is None


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("step", ["", "code", "resend", "cancel", "finish"])
def test_a_form_of_another_site_does_nothing(lanck, account, phone, flow, step):
    if step == "finish" and flow in ("change", "confirm"):
        return
    user, sent = account(), len(lanck.sent)
    visitor = Visitor(lanck, enforce_csrf_checks=True).log_in(user)
    assert visitor.client.post(address(flow, step), {"number": OTHER, "new": 1}).status_code == 403
    assert len(lanck.sent) == sent


def test_with_the_token_of_the_page_it_does(lanck, db, phone):
    visitor = Visitor(lanck, enforce_csrf_checks=True)
    token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', text(visitor.open("signup")))[1]
    assert visitor.give("signup", phone, csrfmiddlewaretoken=token).status_code == 302
    page = text(visitor.open("signup", "code"))
    tokens = re.findall(r'csrfmiddlewaretoken" value="(\w+)"', page)
    assert len(tokens) == page.count("<form") == 3
    assert visitor.press("signup", "code", code=lanck.sent[-1].code, csrfmiddlewaretoken=tokens[0]).status_code == 302


def test_without_the_middleware_too(lanck, account, phone, settings):
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "csrf" not in name]
    visitor = Visitor(lanck, enforce_csrf_checks=True)
    assert visitor.give("signup", phone).status_code == 403


@pytest.mark.parametrize("flow", FLOWS)
def test_a_page_whose_purpose_the_site_does_not_have_is_not_there(visitor, account, site, flow):
    visitor.log_in(account())
    purpose = "change_number" if flow == "change" else flow
    site(PURPOSES={name: {} for name in ("signup", "login", "change_number", "confirm") if name != purpose})
    for step in ("", "code", "status", "resend", "cancel"):
        assert visitor.open(flow, step).status_code == 404
        assert step == "status" or visitor.press(flow, step).status_code == 404


def test_the_pages_are_open_where_the_site_is_not(settings, visitor, phone):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
    assert visitor.client.get("/members/").status_code == 302
    visitor.give("signup", phone)
    assert visitor.open("signup", "status").status_code == 200
    assert visitor.type("signup")["Location"] == "/members/"


@pytest.mark.django_db(transaction=True)
def test_with_atomic_requests_nothing_is_open_while_lanck_is_asked(lanck, phone, settings):
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
def test_what_is_typed_is_inert(visitor, number):
    page = text(visitor.give("signup", number, next=number, country=number, method=number))
    assert number not in page
    assert "<script>alert" not in page


def test_no_page_has_a_script_or_a_style_of_its_own(visitor, account, site, phone):
    pages = [visitor.open("signup"), visitor.open("login")]
    visitor.give("signup", phone)
    pages += [visitor.open("signup", "code"), visitor.type("signup", "000000")]
    site(SIGNUP_FORM="tests.web.forms.NameForm")
    visitor.type("signup")
    pages += [visitor.open("signup", "finish")]
    visitor.log_in(account(OTHER))
    pages += [visitor.open("confirm"), visitor.open("change"), visitor.prove("change", phone)]
    for page in pages:
        html = page.content.decode()
        assert page.status_code == 200
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:|https?://", html)
        assert "no-store" in page["Cache-Control"]


def test_a_head_request_and_other_verbs_change_nothing(visitor, phone):
    assert visitor.client.head(address("signup")).status_code == 200
    assert Client().put(address("signup")).status_code == 405
    assert Verification.objects.count() == 0
