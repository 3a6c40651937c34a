import re

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from django_lanck import signals
from django_lanck.models import Verification, VerifiedNumber
from tests.web.conftest import OTHER, owner, text, url_of

users = get_user_model().objects


def test_right_code_creates_the_account_and_logs_in(visitor, lanck, phone):
    assert visitor.open("signup").status_code == 200
    assert visitor.submit_number("signup", "(201) 555-0123", country="US")["Location"] == url_of("signup", "code")
    assert visitor.open("signup", "code").status_code == 200
    assert visitor.type_code("signup", f"Your code is {lanck.sent[-1].code}.")["Location"] == "/members/"
    assert visitor.user == owner(phone)


def test_default_form_creates_a_random_username_and_no_password(visitor, phone):
    visitor.prove("signup", phone)
    assert re.fullmatch(r"phone-[0-9a-f]{16}", visitor.user.username)
    assert not visitor.user.has_usable_password()


def test_signup_completed_is_sent_once_after_the_login(visitor, phone, record_signal):
    completed = record_signal(signals.signup_completed)
    visitor.prove("signup", phone)
    (said,) = completed
    assert said["user"] == said["verified_number"].user == said["request"].user == visitor.user
    assert said["verified_number"].number == phone


def test_login_and_wrong_code_do_not_send_signup_completed(visitor, create_account, phone, record_signal):
    create_account()
    completed = record_signal(signals.signup_completed)
    visitor.prove("login", phone)
    visitor.submit_number("signup", OTHER)
    visitor.type_code("signup", "000000")
    assert not completed


def test_signup_cycles_the_session_key(visitor, phone):
    visitor.submit_number("signup", phone)
    before = visitor.client.session.session_key
    visitor.type_code("signup")
    assert visitor.client.session.session_key != before
    assert "lanck_web" not in visitor.client.session


def test_form_of_the_site_is_shown_before_the_account_is_created(visitor, lanck_settings, phone):
    lanck_settings(SIGNUP_FORM="tests.web.forms.NameForm")
    assert visitor.prove("signup", phone)["Location"] == url_of("signup", "finish")
    assert users.count() == 0
    page = text(visitor.open("signup", "finish"))
    assert 'name="first_name"' in page
    assert "+1201•••0123" in page
    assert phone not in page
    assert visitor.post("signup", "finish", first_name="Ada")["Location"] == "/members/"
    assert (visitor.user.first_name, owner(phone)) == ("Ada", visitor.user)


def test_invalid_form_leaves_the_proof_unspent(visitor, lanck_settings, phone):
    lanck_settings(SIGNUP_FORM="tests.web.forms.NameForm")
    visitor.prove("signup", phone)
    page = visitor.post("signup", "finish", first_name="")
    assert 'aria-invalid="true"' in text(page)
    assert Verification.objects.get().proof_redeemed_at is None
    assert visitor.post("signup", "finish", first_name="Ada").status_code == 302


def test_duplicate_username_leaves_the_proof_unspent(visitor, lanck_settings, phone):
    lanck_settings(SIGNUP_FORM="tests.web.forms.UncheckedUsernameForm")
    users.create_user(username="ada")
    visitor.prove("signup", phone)
    assert "A user with that username already exists." in text(visitor.post("signup", "finish", username="ada"))
    assert Verification.objects.get().proof_redeemed_at is None
    assert visitor.post("signup", "finish", username="grace").status_code == 302


def test_model_form_saves_its_many_to_many_fields(visitor, lanck_settings, phone):
    lanck_settings(SIGNUP_FORM="tests.web.forms.EmailForm")
    group = Group.objects.create(name="readers")
    visitor.prove("signup", phone)
    visitor.post("signup", "finish", email="ada@example.com", groups=[group.pk])
    assert visitor.user.email == "ada@example.com"
    assert list(visitor.user.groups.all()) == [group]


@pytest.mark.parametrize(
    ("form", "fields"),
    [
        ("UsernameForm", {"username": "ada", "password1": "correct horse 1", "password2": "correct horse 1"}),
        ("PasswordForm", {"password": "correct horse 1"}),
    ],
)
def test_form_sets_username_and_password(visitor, lanck_settings, phone, form, fields):
    lanck_settings(SIGNUP_FORM=f"tests.web.forms.{form}")
    visitor.prove("signup", phone)
    visitor.post("signup", "finish", **fields)
    assert visitor.user.check_password("correct horse 1")
    assert visitor.user.username.startswith(fields.get("username", "phone-"))


def test_account_of_the_number_is_shown_only_after_the_right_code(visitor, create_account, phone):
    user = create_account()
    new, known = visitor.submit_number("signup", OTHER), visitor.submit_number("signup", phone)
    assert (new.status_code, new["Location"]) == (known.status_code, known["Location"])
    assert visitor.type_code("signup")["Location"] == url_of("signup", "finish")
    page = text(visitor.open("signup", "finish"))
    assert "This number has an account" in page
    assert url_of("login") in page
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
    visitor, create_account, lanck_settings, phone, form, fields, sentence
):
    lanck_settings(SIGNUP_FORM=form)
    user = create_account(**fields)
    answers = [visitor.prove("signup", phone)]
    answers += [visitor.open("signup", "finish"), visitor.post("signup", "finish", first_name="Ada", new=1)]
    assert sentence in "".join(map(text, answers))
    assert "Create" not in "".join(map(text, answers))
    assert (visitor.user, owner(phone), users.get()) == (None, user, user)


def test_number_is_taken_over_only_on_request(
    visitor, create_account, phone, record_signal, django_capture_on_commit_callbacks
):
    taken, user = record_signal(signals.number_taken_over), create_account()
    visitor.prove("signup", phone)
    assert "This number has an account" in text(visitor.post("signup", "finish"))
    page = text(visitor.open("signup", "finish", new=1))
    assert "The other account loses this number." in page
    with django_capture_on_commit_callbacks(execute=True):
        visitor.post("signup", "finish", new=1)
    assert visitor.user not in (None, user)
    assert owner(phone) == visitor.user
    assert [(said["old_user_id"], said["new_user_id"]) for said in taken] == [(user.pk, visitor.user.pk)]


def test_site_without_login_offers_no_login(visitor, create_account, lanck_settings, phone):
    create_account()
    lanck_settings(PURPOSES={"signup": {}})
    visitor.prove("signup", phone)
    page = text(visitor.open("signup", "finish"))
    assert "Create a new account" in page
    assert "Log in" not in page


def test_signup_redirects_to_the_requested_page(visitor, phone):
    page = text(visitor.open("signup", next="/members/?tab=2"))
    assert '<input type="hidden" name="next" value="/members/?tab=2">' in page
    assert visitor.prove("signup", phone, next="/members/?tab=2")["Location"] == "/members/?tab=2"


def test_requested_page_is_passed_through_all_pages(visitor, create_account, phone):
    create_account()
    target = "next=%2Fmembers%2F%3Ftab%3D2"
    visitor.submit_number("signup", OTHER, next="/members/?tab=2")
    assert visitor.post("signup", "cancel")["Location"] == f"{url_of('signup')}?{target}"
    assert f"?{target}" in text(visitor.open("signup", "code"))
    visitor.prove("signup", phone, next="/members/?tab=2")
    assert f"{url_of('login')}?{target}" in text(visitor.open("signup", "finish"))


def test_finish_page_without_a_proof_redirects_to_the_number(visitor, phone):
    assert visitor.open("signup", "finish")["Location"] == url_of("signup")
    assert visitor.post("signup", "finish", new=1)["Location"] == url_of("signup")
    assert users.count() == 0


def test_form_that_is_submitted_twice_creates_one_account(visitor, phone):
    visitor.submit_number("signup", phone)
    key = visitor.client.session.session_key
    visitor.type_code("signup")
    assert visitor.client.session.session_key != key
    assert visitor.type_code("signup")["Location"] == url_of("signup")
    assert visitor.post("signup", "finish")["Location"] == "/members/"
    assert (users.count(), VerifiedNumber.objects.count()) == (1, 1)


def test_expired_proof_is_refused(visitor, lanck_settings, backdate, phone):
    lanck_settings(SIGNUP_FORM="tests.web.forms.NameForm")
    visitor.prove("signup", phone)
    backdate(Verification.objects.get(), 901)
    page = visitor.post("signup", "finish", first_name="Ada")
    assert "Verify the number again." in text(page)
    assert page.cookies["lanck_proof_token"]["max-age"] == 0
    assert users.count() == 0


def test_signup_page_warns_a_user_who_is_logged_in(visitor, create_account):
    visitor.log_in(create_account())
    assert "You are logged in already." in text(visitor.open("signup"))
    visitor.prove("signup", OTHER)
    assert visitor.user == owner(OTHER)
