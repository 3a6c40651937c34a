import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import models

from django_lanck.checks import check_settings
from django_lanck.services.verifications.signup_forms import random_username
from tests.web.forms import NameForm


def found():
    return {message.id.removeprefix("django_lanck."): message for message in check_settings()}


def test_the_pages_as_they_come_are_fine():
    assert not {"E050", "E051", "E052", "W010"} & set(found())


@pytest.mark.parametrize(
    "form", ["shop.forms.SignupForm", "tests.web.forms.NoSignupForm", "tests.web.forms.Nothing", None, 7, ""]
)
def test_a_form_that_makes_no_user_is_told(site, form):
    site(SIGNUP_FORM=form)
    assert "E050" in found()


@pytest.mark.parametrize("seconds", [0, -1, 1.5, "900", None, True])
def test_a_time_that_is_none_is_told(site, seconds):
    site(RECENT_AUTHENTICATION=seconds)
    assert "E051" in found()


def test_purposes_that_the_pages_miss_are_told(site):
    site(PURPOSES={"signup": {"PUBLIC": True}, "login": {}})
    assert "'change_number', 'confirm'" in found()["W010"].msg


def test_where_the_pages_are_not_included_nothing_is_told_of_them(site, settings):
    settings.ROOT_URLCONF = "django_lanck.urls"
    site(PURPOSES={"signup": {}}, SIGNUP_FORM="shop.forms.SignupForm")
    assert not {"E050", "W010"} & set(found())


class EmailUser(models.Model):
    """A user who is named by an email address, as custom user models have it."""

    USERNAME_FIELD = "email"
    email = models.EmailField(unique=True)

    class Meta:
        app_label = "tests_web"


@pytest.fixture
def named_by_email(monkeypatch):
    monkeypatch.setattr("django_lanck.services.verifications.signup_forms.get_user_model", lambda: EmailUser)


class AsksForEmail(NameForm):
    email = NameForm.base_fields["coupon"]


class MakesItsOwn(NameForm):
    def build_user(self, number):
        raise NotImplementedError


def test_a_name_that_cannot_be_made_up_has_to_be_asked_for(site, named_by_email):
    assert "EmailUser.email cannot be made up" in found()["E052"].msg
    with pytest.raises(ImproperlyConfigured, match="SIGNUP_FORM has to ask for it"):
        random_username()
    assert not list(AsksForEmail.check())
    assert not list(MakesItsOwn.check())
    assert len(list(NameForm.check())) == 1


def test_a_name_that_is_made_up_fits_and_is_another_each_time():
    assert len({random_username() for _ in range(100)}) == 100
