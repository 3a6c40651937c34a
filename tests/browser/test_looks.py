"""Every state of every ready page in several layouts: wide, narrow, dark, right-to-left, forced colors.

Each is checked by axe-core and for its width, and its screenshot is stored in tests/screenshots.
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

from .steps import NO_SMS, ask_for_code, code_of, sign_up, submit, type_code

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
    """Use the default base template in the wide layout; the others use the demo's."""
    if look == "wide":
        directory = Path(django_lanck.__file__).parent / "templates"
        settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [directory]}]


@pytest.fixture
def check_page(page: Page, look: str, screenshot) -> Callable[[str], None]:
    """Check the current page and store its screenshot: ``check_page(name)``."""
    from axe_playwright_python.sync_playwright import Axe

    def check(name: str) -> None:
        screenshot(page, f"{look}-{name}")
        found = Axe().run(page)
        assert found.violations_count == 0, f"{name}, {look}: {found.generate_report()}"
        assert page.locator("html").get_attribute("dir") == ("rtl" if look == "rtl" else "ltr")

    return check


def wait_for_delivery(page: Page, tone: str) -> None:
    page.locator(f".lanck-delivery.lanck-{tone}").wait_for()


def test_looks_of_the_number_page(page, check_page):
    page.goto("/")
    check_page("home")
    page.goto("/account/phone/signup/")
    check_page("number")
    combobox = page.get_by_role("combobox")
    combobox.click()
    combobox.fill("44")
    check_page("countries")
    combobox.fill("no such country")
    check_page("no-country")
    combobox.press("Escape")
    page.locator("[name=number]").fill("12")
    submit(page)
    page.locator(".lanck-error").wait_for()
    check_page("error")


def test_looks_of_the_code_page(page, phone, check_page):
    ask_for_code(page, phone)
    wait_for_delivery(page, "good")
    check_page("delivered")
    code = code_of(phone)
    page.goto("/account/phone/signup/")
    check_page("code-is-out")
    page.goto("/account/phone/signup/code/")
    type_code(page, wrong_code(code))
    page.locator(".lanck-error").wait_for()
    check_page("wrong-code")
    type_code(page, code)
    page.wait_for_url("/")
    check_page("signed-in")
    page.goto("/members/")
    check_page("members")


def test_looks_of_the_code_page_without_delivery(page, settings, check_page):
    settings.LANCK = {**settings.LANCK, "RESEND_WAITS": [1], "MAX_ATTEMPTS": 1}
    ask_for_code(page, NO_SMS)
    wait_for_delivery(page, "bad")
    page.locator("[name=method][value=voice]:enabled").wait_for()
    check_page("undelivered")
    page.locator("[name=method][value=voice]").click()
    wait_for_delivery(page, "good")
    check_page("called")
    type_code(page, wrong_code(code_of(NO_SMS)))
    page.get_by_role("alert").wait_for()
    check_page("exhausted")


def test_looks_of_the_login(page, phone, check_page):
    page.goto("/account/phone/login/")
    check_page("number")
    ask_for_code(page, phone, flow="login")
    type_code(page, code_of(phone))
    page.wait_for_url("**/finish/")
    check_page("no-account")


def test_looks_of_the_signup_with_a_taken_number(page, context, phone, check_page):
    sign_up(page, phone)
    context.clear_cookies()
    ask_for_code(page, phone)
    type_code(page, code_of(phone))
    page.wait_for_url("**/finish/")
    check_page("owned")
    page.goto("/account/phone/signup/finish/?new=1")
    check_page("takes-over")


def test_looks_of_the_number_change(page, context, phone, check_page):
    other = "+12015550124"
    sign_up(page, other)
    context.clear_cookies()
    sign_up(page, phone)
    page.goto("/account/phone/change/")
    check_page("number")
    ask_for_code(page, other, flow="change")
    check_page("code")
    type_code(page, code_of(other))
    page.locator("[name=code]").wait_for(state="detached")
    check_page("done")


def test_looks_of_the_confirmation(page, phone, context, client, site, check_page):
    sign_up(page, phone)
    page.goto("/account/phone/confirm/")
    check_page("by-code")
    VerifiedNumber.objects.all().delete()
    page.reload()
    check_page("by-nothing")
    client.force_login(User.objects.create_user("someone", password="right"))
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site}])
    page.goto("/account/phone/confirm/")
    page.locator("[type=password]").fill("wrong")
    submit(page)
    page.locator(".lanck-error").wait_for()
    check_page("by-password")
