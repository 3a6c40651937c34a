"""The form and the view in the documentation of the pages."""

import sys
import types

import pytest
from django.contrib.auth import get_user_model

from django_lanck.models import VerifiedNumber
from tests.test_docs import code_blocks, page_named, run_snippet
from tests.web.conftest import text


@pytest.fixture
def snippet(monkeypatch):
    """Run the snippet of pages.md that contains a text, and return it as a module."""

    def load(text_in_it):
        page = page_named("pages.md")
        (index,) = [index for index, block in enumerate(code_blocks(page, "python")) if text_in_it in block]
        module = types.ModuleType("shop.shown")
        vars(module).update(run_snippet(page, index))
        monkeypatch.setitem(sys.modules, "shop.shown", module)
        return module

    return load


def test_documented_form_creates_the_account(visitor, lanck_settings, snippet, phone):
    snippet("class SignupForm(PhoneSignupMixin")
    lanck_settings(SIGNUP_FORM="shop.shown.SignupForm")
    visitor.prove("signup", phone)
    visitor.post("signup", "finish", first_name="Ada", email="ada@example.com")
    user = get_user_model().objects.get()
    assert (user.first_name, user.email, visitor.user) == ("Ada", "ada@example.com", user)
    assert VerifiedNumber.objects.get().user == user


def test_account_guard_of_the_documentation_refuses_a_login(visitor, create_account, lanck_settings, snippet, phone):
    create_account(email="ada@example.com")
    snippet("def account_guard")
    lanck_settings(ACCOUNT_GUARD="shop.shown.account_guard")
    visitor.submit_number("login", phone)
    assert "Use your passkey." in text(visitor.type_code("login"))
    assert visitor.user is None
