import re

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_lanck import signals
from django_lanck.models import Verification
from tests.helpers import statements
from tests.web.conftest import OTHER, Visitor, address, owner, text

users = get_user_model().objects


def test_the_code_logs_in_to_the_account_of_the_number(visitor, account, phone):
    user = account()
    assert visitor.give("login", phone)["Location"] == address("login", "code")
    assert visitor.type("login")["Location"] == "/members/"
    assert visitor.user == user


def test_the_session_is_a_new_one_and_the_proof_is_spent(visitor, account, phone):
    account()
    visitor.give("login", phone)
    before = visitor.client.session.session_key
    visitor.type("login")
    assert visitor.client.session.session_key != before
    assert Verification.objects.get(purpose="login").proof_redeemed_at


def test_known_and_unknown_numbers_get_the_same_answers_until_the_code_is_right(lanck, account, phone):
    account()
    known, unknown = (answers(Visitor(lanck), number) for number in (phone, OTHER))
    assert known == unknown
    assert [sent.number for sent in lanck.sent[-2:]] == [phone, OTHER]


def answers(visitor, number):
    """Everything that somebody sees on the way to the code, and how many statements each page takes."""
    seen = []
    acts = (
        lambda: visitor.open("login"),
        lambda: visitor.give("login", number),
        lambda: visitor.open("login", "code"),
        lambda: visitor.open("login", "status"),
        lambda: visitor.press("login", "resend"),
        lambda: visitor.type("login", "000000"),
    )
    for act in acts:
        with CaptureQueriesContext(connection) as captured:
            response = act()
        shown = re.sub(r'value=\\?"\w{64}', "", text(response)).replace(number[-4:], "")
        seen.append((response.status_code, response.get("Location"), shown, len(statements(captured))))
    return seen


def test_a_number_without_an_account_is_offered_one_for_the_same_proof(visitor, lanck, phone, record_signal):
    completed = record_signal(signals.signup_completed)
    assert visitor.prove("login", phone)["Location"] == address("login", "finish")
    page = text(visitor.open("login", "finish"))
    assert "has no account yet" in page
    assert users.count() == 0
    assert visitor.press("login", "finish")["Location"] == "/members/"
    assert (visitor.user, len(lanck.sent), len(completed)) == (owner(phone), 1, 1)


def test_the_form_of_the_site_is_on_that_page(visitor, site, phone):
    site(SIGNUP_FORM="tests.web.forms.NameForm")
    visitor.prove("login", phone)
    assert 'name="first_name"' in text(visitor.open("login", "finish"))
    assert visitor.press("login", "finish").status_code == 200
    visitor.press("login", "finish", first_name="Ada")
    assert visitor.user.first_name == "Ada"


def test_where_nobody_signs_up_no_account_is_offered_or_made(visitor, site, phone):
    site(PURPOSES={"login": {}})
    assert "Sign up" not in text(visitor.open("login"))
    visitor.prove("login", phone)
    page = text(visitor.open("login", "finish"))
    assert "has no account yet" in page
    assert "Create" not in page
    assert visitor.press("login", "finish").status_code == 200
    assert users.count() == 0


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"is_active": False}, "The account of this number is closed."),
        ({"is_staff": True}, "A code alone does not open the account"),
        ({"is_superuser": True}, "A code alone does not open the account"),
    ],
)
def test_a_code_alone_opens_no_closed_account_and_none_of_the_staff(visitor, account, phone, fields, words):
    account(**fields)
    visitor.give("login", phone)
    page = visitor.type("login")
    assert words in text(page)
    assert visitor.user is None
    assert Verification.objects.get(purpose="login").proof_redeemed_at


def staff_too(user, purpose):
    return None


def test_a_site_may_decide_itself_whom_a_code_lets_in(visitor, account, phone, site):
    user = account(is_staff=True)
    site(ACCOUNT_GUARD=f"{__name__}.staff_too")
    visitor.prove("login", phone)
    assert visitor.user == user


def test_a_signup_links_to_the_login_and_back_with_the_page_that_was_asked_for(visitor):
    assert "/login/?next=%2Fmembers%2F" in text(visitor.open("signup", next="/members/"))
    assert "/signup/?next=%2Fmembers%2F" in text(visitor.open("login", next="/members/"))
