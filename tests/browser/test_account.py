"""Login, change of the number, and the page for verified numbers on the demo site."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import User

from django_lanck.models import VerifiedNumber

from .steps import ask_for_code, code_of, see, sign_up, submit, type_code

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

OTHER = "+12015550124"


@pytest.fixture
def account(page: Page, context: BrowserContext, phone: str) -> User:
    """A user who signed up with another browser."""
    sign_up(page, phone)
    context.clear_cookies()
    return User.objects.get()


def test_owner_of_a_number_logs_in_by_code(page, phone, account):
    page.goto("/")
    page.get_by_role("link", name="Log in", exact=True).click()
    page.get_by_label("Phone number").fill("201 555 0123")
    page.get_by_role("button", name="Send the code").click()
    page.wait_for_url("**/login/code/")
    type_code(page, code_of(phone))
    see(page, "Signed in with +1 201-555-0123")
    assert User.objects.get() == account


def test_login_without_an_account_offers_one_after_the_code(page, account):
    ask_for_code(page, OTHER, flow="login")
    type_code(page, code_of(OTHER))
    see(page, "+1201•••0124 has no account yet.")
    assert User.objects.count() == 1
    page.get_by_role("button", name="Create my account").click()
    see(page, "Signed in with +1 201-555-0124")
    assert User.objects.count() == 2


def test_signup_with_a_taken_number_links_to_the_login(page, phone, account):
    ask_for_code(page, phone)
    type_code(page, code_of(phone))
    see(page, "This number has an account")
    page.get_by_role("link", name="Log in to it").click()
    page.wait_for_url("**/account/phone/login/")
    assert User.objects.count() == 1


def test_number_is_changed_by_code(page, phone):
    sign_up(page, phone)
    page.get_by_role("link", name="Change the number").click()
    see(page, "Your number is +1201•••0123.")
    page.get_by_label("Phone number").fill("201 555 0124")
    submit(page)
    page.wait_for_url("**/change/code/")
    type_code(page, code_of(OTHER))
    see(page, "Your number is +1 201-555-0124 now.")
    page.get_by_role("link", name="Continue").click()
    see(page, "Signed in with +1 201-555-0124")
    assert VerifiedNumber.objects.get().number == OTHER


def test_change_after_recent_authentication_expired_asks_for_confirmation(page, phone, settings):
    settings.LANCK = {**settings.LANCK, "RECENT_AUTHENTICATION": 1}
    sign_up(page, phone)
    page.wait_for_timeout(2000)
    page.goto("/account/phone/change/")
    see(page, "Confirm that it is you")
    settings.LANCK = {**settings.LANCK, "RECENT_AUTHENTICATION": 900}
    submit(page)
    page.wait_for_url("**/confirm/code/")
    type_code(page, code_of(phone))
    see(page, "The new one takes its place.")


def test_page_for_verified_numbers_redirects_to_the_login_and_back(page, phone, account):
    page.goto("/")
    page.get_by_role("link", name="For verified numbers").click()
    page.wait_for_url("**/account/phone/login/**")
    page.get_by_label("Phone number").fill(phone)
    submit(page)
    page.wait_for_url("**/code/")
    type_code(page, code_of(phone))
    see(page, "You are in")


def test_signup_by_keyboard_only(page, phone):
    page.goto("/")
    page.get_by_role("link", name="Sign up with a phone number").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/account/phone/signup/")
    assert page.evaluate("document.activeElement.name") == "number"
    page.keyboard.press("Shift+Tab")
    page.keyboard.type("canad")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("2045550123")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.value") == "voice"
    page.keyboard.press("Enter")
    page.wait_for_url("**/code/")
    page.keyboard.type(code_of("+12045550123"))
    see(page, "Signed in with +1 204-555-0123")


@pytest.mark.parametrize("options", [{"locale": "ar-EG"}])
def test_language_button_changes_the_language_of_the_page(page):
    page.goto("/account/phone/signup/")
    assert page.locator("html").get_attribute("dir") == "rtl"
    page.get_by_role("button", name="English").click()
    see(page, "Sign up with your phone")
    assert page.url.endswith("/account/phone/signup/")
    assert page.locator("html").get_attribute("dir") == "ltr"
    assert page.get_by_role("combobox").input_value() == "Egypt"
