"""The form and the view that the documentation shows, at work."""

import sys
import types

import pytest
from django.contrib.auth import get_user_model

from django_lanck.models import VerifiedNumber
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


def test_account_guard_of_the_documentation_refuses_a_login(visitor, account, site, shown, phone):
    account(email="ada@example.com")
    shown("def account_guard")
    site(ACCOUNT_GUARD="shop.shown.account_guard")
    visitor.give("login", phone)
    assert "Use your passkey." in text(visitor.type("login"))
    assert visitor.user is None
