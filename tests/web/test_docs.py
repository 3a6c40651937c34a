"""The form and the view that the documentation shows, at work."""

import sys
import types

import pytest
from django.contrib.auth import get_user_model

from django_lanck.models import VerifiedNumber
from testproject.urls import urlpatterns as demo
from tests.test_docs import code_blocks, page_named, run_snippet
from tests.web.conftest import text


@pytest.fixture
def shown(monkeypatch):
    """What a snippet of the page defines, by something that is in it."""

    def names(words):
        page = page_named("pages.md")
        (index,) = [index for index, block in enumerate(code_blocks(page, "python")) if words in block]
        module = types.ModuleType("shop.shown")
        vars(module).update(run_snippet(page, index))
        monkeypatch.setitem(sys.modules, "shop.shown", module)
        return module

    return names


def test_the_form_makes_the_account(visitor, site, shown, phone):
    shown("class SignupForm(PhoneSignupMixin")
    site(SIGNUP_FORM="shop.shown.SignupForm")
    visitor.prove("signup", phone)
    visitor.press("signup", "finish", first_name="Ada", email="ada@example.com")
    user = get_user_model().objects.get()
    assert (user.first_name, user.email, visitor.user) == ("Ada", "ada@example.com", user)
    assert VerifiedNumber.objects.get().user == user


def test_the_view_keeps_out_whom_it_says(visitor, account, shown, settings, phone):
    account(email="ada@example.com")
    site = shown("class LoginCode(LoginCodeView)")
    site.urlpatterns += demo  # the snippet is no whole site
    settings.ROOT_URLCONF = site
    visitor.give("login", phone)
    assert "Use your passkey." in text(visitor.type("login"))
    assert visitor.user is None
