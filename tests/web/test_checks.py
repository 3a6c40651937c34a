import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import models

from django_lanck.checks import check_settings
from django_lanck.services.verifications.signup_forms import random_username
from tests.web.forms import NameForm


def messages_by_id():
    return {message.id.removeprefix("django_lanck."): message for message in check_settings()}


def test_default_settings_of_the_pages_are_valid():
    assert not {"E050", "E051", "E052", "W010"} & set(messages_by_id())


@pytest.mark.parametrize(
    "form", ["shop.forms.SignupForm", "tests.web.forms.NoSignupForm", "tests.web.forms.Nothing", None, 7, ""]
)
def test_signup_form_without_build_user_is_an_error(lanck_settings, form):
    lanck_settings(SIGNUP_FORM=form)
    assert "E050" in messages_by_id()


@pytest.mark.parametrize("seconds", [0, -1, 1.5, "900", None, True])
def test_invalid_recent_authentication_is_an_error(lanck_settings, seconds):
    lanck_settings(RECENT_AUTHENTICATION=seconds)
    assert "E051" in messages_by_id()


def test_missing_purposes_of_the_pages_are_a_warning(lanck_settings):
    lanck_settings(PURPOSES={"signup": {"PUBLIC": True}, "login": {}})
    assert "'change_number', 'confirm'" in messages_by_id()["W010"].msg


def test_pages_are_not_checked_where_they_are_not_included(lanck_settings, settings):
    settings.ROOT_URLCONF = "django_lanck.urls"
    lanck_settings(PURPOSES={"signup": {}}, SIGNUP_FORM="shop.forms.SignupForm")
    assert not {"E050", "W010"} & set(messages_by_id())


class EmailUser(models.Model):
    """A custom user model with an email address as username."""

    USERNAME_FIELD = "email"
    email = models.EmailField(unique=True)

    class Meta:
        app_label = "tests_web"


@pytest.fixture
def email_as_username(monkeypatch):
    monkeypatch.setattr("django_lanck.services.verifications.signup_forms.get_user_model", lambda: EmailUser)


class AsksForEmail(NameForm):
    email = NameForm.base_fields["coupon"]


class MakesItsOwn(NameForm):
    def build_user(self, number):
        raise NotImplementedError


def test_signup_form_has_to_ask_for_a_username_that_cannot_be_generated(lanck_settings, email_as_username):
    assert "EmailUser.email cannot be made up" in messages_by_id()["E052"].msg
    with pytest.raises(ImproperlyConfigured, match="SIGNUP_FORM has to ask for it"):
        random_username()
    assert not list(AsksForEmail.check())
    assert not list(MakesItsOwn.check())
    assert len(list(NameForm.check())) == 1


def test_generated_usernames_are_valid_and_unique():
    assert len({random_username() for _ in range(100)}) == 100
