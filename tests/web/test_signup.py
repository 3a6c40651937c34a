import re

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from django_lanck import signals
from django_lanck.models import Verification, VerifiedNumber
from tests.web.conftest import OTHER, address, owner, text

users = get_user_model().objects


def test_a_number_and_its_code_are_an_account(visitor, lanck, phone):
    assert visitor.open("signup").status_code == 200
    assert visitor.give("signup", "(201) 555-0123", country="US")["Location"] == address("signup", "code")
    assert visitor.open("signup", "code").status_code == 200
    assert visitor.type("signup", f"Your code is {lanck.sent[-1].code}.")["Location"] == "/members/"
    assert visitor.user == owner(phone)


def test_an_account_without_a_form_has_a_random_name_and_no_password(visitor, phone):
    visitor.prove("signup", phone)
    assert re.fullmatch(r"phone-[0-9a-f]{16}", visitor.user.username)
    assert not visitor.user.has_usable_password()


def test_signup_completed_is_told_once_the_account_is_there_and_logged_in(visitor, phone, record_signal):
    completed = record_signal(signals.signup_completed)
    visitor.prove("signup", phone)
    (said,) = completed
    assert said["user"] == said["verified_number"].user == said["request"].user == visitor.user
    assert said["verified_number"].number == phone


def test_a_login_and_a_wrong_code_complete_no_signup(visitor, account, phone, record_signal):
    account()
    completed = record_signal(signals.signup_completed)
    visitor.prove("login", phone)
    visitor.give("signup", OTHER)
    visitor.type("signup", "000000")
    assert not completed


def test_the_session_is_a_new_one_after_it(visitor, phone):
    visitor.give("signup", phone)
    before = visitor.client.session.session_key
    visitor.type("signup")
    assert visitor.client.session.session_key != before
    assert "lanck_web" not in visitor.client.session


def test_a_form_of_the_site_is_asked_before_the_account_is_made(visitor, site, phone):
    site(SIGNUP_FORM="tests.web.forms.NameForm")
    assert visitor.prove("signup", phone)["Location"] == address("signup", "finish")
    assert users.count() == 0
    page = text(visitor.open("signup", "finish"))
    assert 'name="first_name"' in page
    assert "+1201•••0123" in page
    assert phone not in page
    assert visitor.press("signup", "finish", first_name="Ada")["Location"] == "/members/"
    assert (visitor.user.first_name, owner(phone)) == ("Ada", visitor.user)


def test_a_form_that_fails_leaves_the_proof_unspent(visitor, site, phone):
    site(SIGNUP_FORM="tests.web.forms.NameForm")
    visitor.prove("signup", phone)
    page = visitor.press("signup", "finish", first_name="")
    assert 'aria-invalid="true"' in text(page)
    assert Verification.objects.get().proof_redeemed_at is None
    assert visitor.press("signup", "finish", first_name="Ada").status_code == 302


def test_what_is_taken_already_leaves_the_proof_unspent(visitor, site, phone):
    site(SIGNUP_FORM="tests.web.forms.UncheckedUsernameForm")
    users.create_user(username="ada")
    visitor.prove("signup", phone)
    assert "A user with that username already exists." in text(visitor.press("signup", "finish", username="ada"))
    assert Verification.objects.get().proof_redeemed_at is None
    assert visitor.press("signup", "finish", username="grace").status_code == 302


def test_a_model_form_saves_its_many_to_many_fields(visitor, site, phone):
    site(SIGNUP_FORM="tests.web.forms.EmailForm")
    group = Group.objects.create(name="readers")
    visitor.prove("signup", phone)
    visitor.press("signup", "finish", email="ada@example.com", groups=[group.pk])
    assert visitor.user.email == "ada@example.com"
    assert list(visitor.user.groups.all()) == [group]


@pytest.mark.parametrize(
    ("form", "fields"),
    [
        ("UsernameForm", {"username": "ada", "password1": "correct horse 1", "password2": "correct horse 1"}),
        ("PasswordForm", {"password": "correct horse 1"}),
    ],
)
def test_a_form_may_ask_for_a_name_and_a_password(visitor, site, phone, form, fields):
    site(SIGNUP_FORM=f"tests.web.forms.{form}")
    visitor.prove("signup", phone)
    visitor.press("signup", "finish", **fields)
    assert visitor.user.check_password("correct horse 1")
    assert visitor.user.username.startswith(fields.get("username", "phone-"))


def test_a_number_that_has_an_account_is_told_to_the_holder_of_the_proof_only(visitor, account, phone):
    user = account()
    new, known = visitor.give("signup", OTHER), visitor.give("signup", phone)
    assert (new.status_code, new["Location"]) == (known.status_code, known["Location"])
    assert visitor.type("signup")["Location"] == address("signup", "finish")
    page = text(visitor.open("signup", "finish"))
    assert "This number has an account" in page
    assert address("login") in page
    assert (visitor.user, owner(phone), users.count()) == (None, user, 1)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"is_superuser": True}, "A code alone does not open the account of this number."),
        ({"is_staff": True}, "A code alone does not open the account of this number."),
        ({"is_active": False}, "The account of this number is closed."),
    ],
)
@pytest.mark.parametrize("form", ["django_lanck.web.forms.SignupForm", "tests.web.forms.NameForm"])
def test_number_of_a_closed_or_staff_account_makes_no_account_and_logs_in_to_none(
    visitor, account, site, phone, form, fields, sentence
):
    site(SIGNUP_FORM=form)
    user = account(**fields)
    answers = [visitor.prove("signup", phone)]
    answers += [visitor.open("signup", "finish"), visitor.press("signup", "finish", first_name="Ada", new=1)]
    assert sentence in "".join(map(text, answers))
    assert "Create" not in "".join(map(text, answers))
    assert (visitor.user, owner(phone), users.get()) == (None, user, user)


def test_it_is_taken_over_only_by_who_says_so(
    visitor, account, phone, record_signal, django_capture_on_commit_callbacks
):
    taken, user = record_signal(signals.number_taken_over), account()
    visitor.prove("signup", phone)
    assert "This number has an account" in text(visitor.press("signup", "finish"))
    page = text(visitor.open("signup", "finish", new=1))
    assert "The other account loses this number." in page
    with django_capture_on_commit_callbacks(execute=True):
        visitor.press("signup", "finish", new=1)
    assert visitor.user not in (None, user)
    assert owner(phone) == visitor.user
    assert [(said["old_user_id"], said["new_user_id"]) for said in taken] == [(user.pk, visitor.user.pk)]


def test_without_a_login_none_is_offered(visitor, account, site, phone):
    account()
    site(PURPOSES={"signup": {}})
    visitor.prove("signup", phone)
    page = text(visitor.open("signup", "finish"))
    assert "Create a new account" in page
    assert "Log in" not in page


def test_the_page_that_was_asked_for_comes_after_it(visitor, phone):
    page = text(visitor.open("signup", next="/members/?tab=2"))
    assert '<input type="hidden" name="next" value="/members/?tab=2">' in page
    assert visitor.prove("signup", phone, next="/members/?tab=2")["Location"] == "/members/?tab=2"


def test_the_page_that_was_asked_for_is_kept_on_every_way_round(visitor, account, phone):
    account()
    target = "next=%2Fmembers%2F%3Ftab%3D2"
    visitor.give("signup", OTHER, next="/members/?tab=2")
    assert visitor.press("signup", "cancel")["Location"] == f"{address('signup')}?{target}"
    assert f"?{target}" in text(visitor.open("signup", "code"))
    visitor.prove("signup", phone, next="/members/?tab=2")
    assert f"{address('login')}?{target}" in text(visitor.open("signup", "finish"))


def test_without_a_proof_there_is_nothing_to_finish(visitor, phone):
    assert visitor.open("signup", "finish")["Location"] == address("signup")
    assert visitor.press("signup", "finish", new=1)["Location"] == address("signup")
    assert users.count() == 0


def test_a_form_that_is_sent_twice_makes_one_account(visitor, phone):
    visitor.give("signup", phone)
    key = visitor.client.session.session_key
    visitor.type("signup")
    assert visitor.client.session.session_key != key
    assert visitor.type("signup")["Location"] == address("signup")
    assert visitor.press("signup", "finish")["Location"] == "/members/"
    assert (users.count(), VerifiedNumber.objects.count()) == (1, 1)


def test_a_proof_that_is_too_old_is_told_so(visitor, site, backdate, phone):
    site(SIGNUP_FORM="tests.web.forms.NameForm")
    visitor.prove("signup", phone)
    backdate(Verification.objects.get(), 901)
    page = visitor.press("signup", "finish", first_name="Ada")
    assert "Verify the number again." in text(page)
    assert page.cookies["lanck_proof_token"]["max-age"] == 0
    assert users.count() == 0


def test_somebody_who_is_logged_in_is_told_what_a_signup_does(visitor, account):
    visitor.log_in(account())
    assert "You are logged in already." in text(visitor.open("signup"))
    visitor.prove("signup", OTHER)
    assert visitor.user == owner(OTHER)
