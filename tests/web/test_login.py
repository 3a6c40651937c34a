import re

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_lanck import signals
from django_lanck.models import Verification
from tests.helpers import statements
from tests.web.conftest import OTHER, Visitor, owner, text, url_of

users = get_user_model().objects


def test_right_code_logs_in_to_the_account_of_the_number(visitor, create_account, phone):
    user = create_account()
    assert visitor.submit_number("login", phone)["Location"] == url_of("login", "code")
    assert visitor.type_code("login")["Location"] == "/members/"
    assert visitor.user == user


def test_login_cycles_the_session_key_and_spends_the_proof(visitor, create_account, phone):
    create_account()
    visitor.submit_number("login", phone)
    before = visitor.client.session.session_key
    visitor.type_code("login")
    assert visitor.client.session.session_key != before
    assert Verification.objects.get(purpose="login").proof_redeemed_at


def test_known_and_unknown_numbers_get_the_same_responses_before_the_right_code(lanck, create_account, phone):
    create_account()
    known, unknown = (responses(Visitor(lanck), number) for number in (phone, OTHER))
    assert known == unknown
    assert [sent.number for sent in lanck.sent[-2:]] == [phone, OTHER]


def responses(visitor, number):
    """Return the responses before the right code, with the number of statements of each."""
    seen = []
    steps = (
        lambda: visitor.open("login"),
        lambda: visitor.submit_number("login", number),
        lambda: visitor.open("login", "code"),
        lambda: visitor.open("login", "status"),
        lambda: visitor.post("login", "resend"),
        lambda: visitor.type_code("login", "000000"),
    )
    for step in steps:
        with CaptureQueriesContext(connection) as captured:
            response = step()
        shown = re.sub(r'value=\\?"\w{64}', "", text(response)).replace(number[-4:], "")
        seen.append((response.status_code, response.get("Location"), shown, len(statements(captured))))
    return seen


def test_number_without_an_account_signs_up_with_the_same_proof(visitor, lanck, phone, record_signal):
    completed = record_signal(signals.signup_completed)
    assert visitor.prove("login", phone)["Location"] == url_of("login", "finish")
    page = text(visitor.open("login", "finish"))
    assert "has no account yet" in page
    assert users.count() == 0
    assert visitor.post("login", "finish")["Location"] == "/members/"
    assert (visitor.user, len(lanck.sent), len(completed)) == (owner(phone), 1, 1)


def test_signup_after_a_login_shows_the_form_of_the_site(visitor, lanck_settings, phone):
    lanck_settings(SIGNUP_FORM="tests.web.forms.NameForm")
    visitor.prove("login", phone)
    assert 'name="first_name"' in text(visitor.open("login", "finish"))
    assert visitor.post("login", "finish").status_code == 200
    visitor.post("login", "finish", first_name="Ada")
    assert visitor.user.first_name == "Ada"


def test_login_on_a_site_without_signup_offers_and_creates_no_account(visitor, lanck_settings, phone):
    lanck_settings(PURPOSES={"login": {}})
    assert "Sign up" not in text(visitor.open("login"))
    visitor.prove("login", phone)
    page = text(visitor.open("login", "finish"))
    assert "has no account yet" in page
    assert "Create" not in page
    assert visitor.post("login", "finish").status_code == 200
    assert users.count() == 0


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"is_active": False}, "The account of this number is closed."),
        ({"is_staff": True}, "A code alone does not open the account"),
        ({"is_superuser": True}, "A code alone does not open the account"),
    ],
)
def test_code_does_not_log_in_to_a_closed_or_staff_account(visitor, create_account, phone, fields, sentence):
    create_account(**fields)
    visitor.submit_number("login", phone)
    page = visitor.type_code("login")
    assert sentence in text(page)
    assert visitor.user is None
    assert Verification.objects.get(purpose="login").proof_redeemed_at


def let_in(user, purpose):
    return None


def test_account_guard_of_the_site_lets_staff_log_in(visitor, create_account, phone, lanck_settings):
    user = create_account(is_staff=True)
    lanck_settings(ACCOUNT_GUARD=f"{__name__}.let_in")
    visitor.prove("login", phone)
    assert visitor.user == user


def test_signup_and_login_link_to_each_other_with_next(visitor):
    assert "/login/?next=%2Fmembers%2F" in text(visitor.open("signup", next="/members/"))
    assert "/signup/?next=%2Fmembers%2F" in text(visitor.open("login", next="/members/"))
