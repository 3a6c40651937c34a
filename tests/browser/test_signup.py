"""Signup with the ready pages on the demo site."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import User

from django_lanck.models import Verification, VerifiedNumber
from tests.helpers import wrong_code

from .steps import NO_SMS, ask_for_code, code_of, see, submit, type_code

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MASKED = "+1201•••0123"
SIGNED_IN = "Signed in with +1 201-555-0123"


def open_handset(context: BrowserContext, page: Page) -> Page:
    with context.expect_page() as opened:
        page.get_by_role("link", name="simulated handset").click()
    handset = opened.value
    handset.wait_for_load_state()
    return handset


def read_code(handset: Page) -> str:
    """Return the code of the newest message on the handset."""
    code = handset.get_by_role("article").first.get_by_label("Code").inner_text()
    assert re.fullmatch(r"\d{6}", code)
    return code


def open_verification(page: Page) -> None:
    """Log in to the admin and open the list of verifications."""
    User.objects.create_superuser("staff", password="staff")
    page.goto("/admin/lanck/verification/")
    page.get_by_label("Username").fill("staff")
    page.get_by_label("Password").fill("staff")
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/verification/")


@pytest.mark.parametrize("width", [1280, 375])
def test_signup_by_sms_is_shown_with_its_delivery_in_the_admin(context, page, phone, screenshot):
    page.goto("/")
    screenshot(page, "1-start")
    page.get_by_role("link", name="Sign up with a phone number").click()
    page.get_by_label("Phone number").fill("201 555 0123")
    page.get_by_role("radio", name="Text message").check()
    page.get_by_role("button", name="Send the code").click()
    see(page, MASKED)
    handset = open_handset(context, page)
    code = read_code(handset)
    screenshot(handset, "3-handset")
    page.bring_to_front()
    see(page, "It was delivered to your phone.")
    screenshot(page, "2-code")
    page.get_by_label("Code", exact=True).press_sequentially(code)
    see(page, SIGNED_IN)
    screenshot(page, "4-signed-in")

    page.context.clear_cookies()
    open_verification(page)
    row = page.locator("#result_list tbody tr")
    assert row.count() == 1
    assert "verified" in row.inner_text()
    assert "delivered" in row.inner_text()
    row.get_by_role("link").first.click()
    see(page, "The site redeemed the proof.")
    see(page, "LANCK reported SENT (SMS).")
    see(page, "The network reported DELIVERED (SMS).")
    see(page, "delivered")
    screenshot(page, "5-admin")


def test_signup_by_voice_call(context, page, phone, screenshot):
    ask_for_code(page, phone, "voice")
    see(page, "a voice reads a code of 6 digits to you")
    handset = open_handset(context, page)
    code = read_code(handset)
    screenshot(handset, "handset")
    page.bring_to_front()
    see(page, "You picked up.")
    type_code(page, code)
    see(page, SIGNED_IN)


def test_signup_by_flash_call_with_the_end_of_the_calling_number(context, page, phone, settings, screenshot):
    settings.LANCK = {**settings.LANCK, "CODE_LENGTH": 4}
    ask_for_code(page, phone, "call")
    see(page, "type the last 4 digits of the number that just called you")
    handset = open_handset(context, page)
    caller = handset.get_by_role("article").first.get_by_text(re.compile(r"^\+\d{10,}$")).inner_text()
    screenshot(handset, "handset")
    page.bring_to_front()
    see(page, "Your phone rang.")
    type_code(page, caller[-4:])
    see(page, SIGNED_IN)


def test_undelivered_sms_offers_a_voice_call_without_a_reload(page, settings):
    settings.LANCK = {**settings.LANCK, "RESEND_WAITS": [2, 30]}
    ask_for_code(page, NO_SMS)
    page.evaluate("window.isSamePage = true")
    see(page, "We could not deliver the SMS.")
    button = page.locator("[data-resend] button").first
    assert button.inner_text() == "Call me instead"
    assert page.evaluate("window.isSamePage")
    button.click()
    see(page, "This is a new code.")
    see(page, "You picked up.")
    type_code(page, code_of(NO_SMS))
    see(page, "Signed in with")
    assert VerifiedNumber.objects.get().number == NO_SMS


def test_right_code_after_a_wrong_one_signs_up(page, phone):
    ask_for_code(page, phone)
    code = code_of(phone)
    type_code(page, wrong_code(code))
    see(page, "This code is not right.")
    see(page, "4 attempts left.")
    see(page, "It was delivered to your phone.")
    type_code(page, code)
    see(page, SIGNED_IN)


def test_too_many_wrong_codes_end_the_verification(page, phone):
    ask_for_code(page, phone)
    code = code_of(phone)
    for left in (4, 3, 2, 1):
        code = wrong_code(code)
        type_code(page, code)
        see(page, re.compile(f"^{left} attempts? left"))
    type_code(page, wrong_code(code))
    see(page, "Too many wrong codes. Start again.")
    page.get_by_role("link", name="Start again").click()
    page.wait_for_url("**/account/phone/signup/")
    assert not User.objects.exists()


def test_resend_after_the_wait_replaces_the_code(page, phone, settings):
    settings.LANCK = {**settings.LANCK, "RESEND_WAITS": [2, 30]}
    ask_for_code(page, phone)
    first = code_of(phone)
    button = page.get_by_role("button", name="Send a new code")
    assert button.is_disabled()
    see(page, "You can ask for a new code in 0:0")
    button.click()
    see(page, "Codes that you got before do not work any more.")
    see(page, "It was delivered to your phone.")
    second = code_of(phone)
    if first != second:
        type_code(page, first)
        see(page, "This code is not right.")
    type_code(page, second)
    see(page, SIGNED_IN)


def test_use_another_number_cancels_the_verification(page, phone):
    ask_for_code(page, "+12015550124")
    page.get_by_role("button", name="Use another number").click()
    page.wait_for_url("**/account/phone/signup/")
    assert Verification.objects.get().state == "canceled"
    ask_for_code(page, phone)
    type_code(page, code_of(phone))
    see(page, SIGNED_IN)


def test_double_click_starts_one_verification(page, phone):
    page.goto("/account/phone/signup/")
    page.locator("[name=number]").fill(phone)
    page.locator(".lanck-form .lanck-button").dblclick()
    page.wait_for_url("**/code/")
    assert Verification.objects.count() == 1


def test_form_is_submitted_once_and_again_after_the_page_comes_from_the_bfcache(page, phone):
    requests = []

    def stay(route) -> None:
        requests.append(route.request.method)
        route.fulfill(status=204)

    page.goto("/account/phone/signup/")
    page.locator("[name=number]").fill(phone)
    page.route("**/signup/", stay)
    submit(page)
    button = page.locator(".lanck-form .lanck-button")
    assert button.inner_text() == "Sending…"
    button.click()
    assert requests == ["POST"]
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    assert button.inner_text() == "Send the code"
    page.unroute("**/signup/")
    button.click()
    page.wait_for_url("**/code/")


def test_signup_works_without_javascript(chromium, site, phone, settings):
    settings.LANCK = {**settings.LANCK, "RESEND_WAITS": [1]}
    context = chromium.new_context(base_url=site, java_script_enabled=False, locale="en-US")
    context.set_default_timeout(10_000)
    page = context.new_page()
    page.goto("/account/phone/signup/")
    assert page.get_by_label("Country").input_value() == "US"
    page.get_by_label("Phone number").fill("(201) 555-0123")
    page.get_by_role("radio", name="Text message").check()
    page.get_by_role("button", name="Send the code").click()
    page.wait_for_url("**/code/")
    page.get_by_label("Code", exact=True).fill(wrong_code(code_of(phone)))
    submit(page)
    see(page, "This code is not right.")
    page.wait_for_timeout(1000)
    page.get_by_role("button", name="Call me instead").click()
    see(page, "a voice reads a code of 6 digits to you")
    page.get_by_label("Code", exact=True).fill(f"Your code is {code_of(phone)}")
    submit(page)
    see(page, SIGNED_IN)
    context.close()
