"""Every ready page and every state of it, wide and narrow, light and dark, from left to right and from right to left.

axe-core finds nothing, nothing is wider than the screen, and a picture of each goes to tests/screenshots.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User

import django_lanck
from django_lanck.models import VerifiedNumber
from tests.helpers import wrong_code

from .steps import NO_SMS, ask_for_code, code_on, press, sign_up, type_code

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE = {"width": 390, "height": 844}
LOOKS: dict[str, dict[str, Any]] = {
    "wide": {"viewport": {"width": 1280, "height": 800}},
    "narrow": {"viewport": {"width": 320, "height": 640}},
    "dark": {"viewport": PHONE, "color_scheme": "dark"},
    "rtl": {"viewport": PHONE, "locale": "ar-EG"},
    "contrast": {"viewport": PHONE, "forced_colors": "active"},
}


@pytest.fixture(params=LOOKS)
def look(request) -> str:
    return request.param


@pytest.fixture
def options(look: str) -> dict[str, Any]:
    return LOOKS[look]


@pytest.fixture(autouse=True)
def templates(look: str, settings) -> None:
    """The base template that comes along, on the wide screen; elsewhere it is the demo's."""
    if look == "wide":
        directory = Path(django_lanck.__file__).parent / "templates"
        settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [directory]}]


@pytest.fixture
def looked_at(page: Page, look: str, screenshot) -> Callable[[str], None]:
    """Look at the page as it is now."""
    from axe_playwright_python.sync_playwright import Axe

    def at(name: str) -> None:
        screenshot(page, f"{look}-{name}")
        found = Axe().run(page)
        assert found.violations_count == 0, f"{name}, {look}: {found.generate_report()}"
        assert page.locator("html").get_attribute("dir") == ("rtl" if look == "rtl" else "ltr")

    return at


def delivery(page: Page, tone: str) -> None:
    page.locator(f".lanck-delivery.lanck-{tone}").wait_for()


def test_the_number(page, looked_at):
    page.goto("/")
    looked_at("home")
    page.goto("/account/phone/signup/")
    looked_at("number")
    combobox = page.get_by_role("combobox")
    combobox.click()
    combobox.fill("44")
    looked_at("countries")
    combobox.fill("no such country")
    looked_at("no-country")
    combobox.press("Escape")
    page.locator("[name=number]").fill("12")
    press(page)
    page.locator(".lanck-error").wait_for()
    looked_at("error")


def test_the_code(page, phone, looked_at):
    ask_for_code(page, phone)
    delivery(page, "good")
    looked_at("delivered")
    code = code_on(phone)
    page.goto("/account/phone/signup/")
    looked_at("code-is-out")
    page.goto("/account/phone/signup/code/")
    type_code(page, wrong_code(code))
    page.locator(".lanck-error").wait_for()
    looked_at("wrong-code")
    type_code(page, code)
    page.wait_for_url("/")
    looked_at("signed-in")
    page.goto("/members/")
    looked_at("members")


def test_a_code_that_does_not_come(page, settings, looked_at):
    settings.LANCK = {**settings.LANCK, "RESEND_WAITS": [1], "MAX_ATTEMPTS": 1}
    ask_for_code(page, NO_SMS)
    delivery(page, "bad")
    page.locator("[name=method][value=voice]:enabled").wait_for()
    looked_at("undelivered")
    page.locator("[name=method][value=voice]").click()
    delivery(page, "good")
    looked_at("called")
    type_code(page, wrong_code(code_on(NO_SMS)))
    page.get_by_role("alert").wait_for()
    looked_at("exhausted")


def test_logging_in(page, phone, looked_at):
    page.goto("/account/phone/login/")
    looked_at("number")
    ask_for_code(page, phone, flow="login")
    type_code(page, code_on(phone))
    page.wait_for_url("**/finish/")
    looked_at("no-account")


def test_a_number_that_has_an_account(page, context, phone, looked_at):
    sign_up(page, phone)
    context.clear_cookies()
    ask_for_code(page, phone)
    type_code(page, code_on(phone))
    page.wait_for_url("**/finish/")
    looked_at("owned")
    page.goto("/account/phone/signup/finish/?new=1")
    looked_at("takes-over")


def test_another_number(page, context, phone, looked_at):
    other = "+12015550124"
    sign_up(page, other)
    context.clear_cookies()
    sign_up(page, phone)
    page.goto("/account/phone/change/")
    looked_at("number")
    ask_for_code(page, other, flow="change")
    looked_at("code")
    type_code(page, code_on(other))
    page.locator("[name=code]").wait_for(state="detached")
    looked_at("done")


def test_confirming(page, phone, context, client, site, looked_at):
    sign_up(page, phone)
    page.goto("/account/phone/confirm/")
    looked_at("by-code")
    VerifiedNumber.objects.all().delete()
    page.reload()
    looked_at("by-nothing")
    client.force_login(User.objects.create_user("someone", password="right"))
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site}])
    page.goto("/account/phone/confirm/")
    page.locator("[type=password]").fill("wrong")
    press(page)
    page.locator(".lanck-error").wait_for()
    looked_at("by-password")
