"""What a newcomer does with the demo, with a mouse and a keyboard."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import User

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MASKED = "+1201•••0123"


def ask_for_code(page: Page, phone: str, method: str = "Text message") -> None:
    page.goto("/")
    page.get_by_role("link", name="Sign up with a phone number").click()
    page.get_by_label("Your phone number").fill(phone)
    page.get_by_role("radio", name=method).check()
    page.get_by_role("button", name="Get my code").click()
    page.wait_for_url("**/signup/code/")


def open_handset(context: BrowserContext, page: Page) -> Page:
    with context.expect_page() as opened:
        page.get_by_role("link", name="simulated handset").click()
    handset = opened.value
    handset.wait_for_load_state()
    return handset


def read_code(handset: Page) -> str:
    """The code as a person reads it: off the newest message on the screen."""
    code = handset.get_by_role("article").first.get_by_label("Code").inner_text()
    assert re.fullmatch(r"\d{6}", code)
    return code


def type_code(page: Page, code: str) -> None:
    page.bring_to_front()
    page.get_by_label("Your code").fill(code)
    page.get_by_role("button", name="Sign up").click()


def see(page: Page, text: str) -> None:
    page.get_by_text(text).first.wait_for()


def open_verification(page: Page) -> None:
    """Into the admin, to the newest verification."""
    User.objects.create_superuser("staff", password="staff")
    page.goto("/admin/lanck/verification/")
    page.get_by_label("Username").fill("staff")
    page.get_by_label("Password").fill("staff")
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/verification/")


@pytest.mark.parametrize("width", [1280, 375])
def test_a_newcomer_signs_up_and_finds_the_delivery_in_the_admin(context, page, phone, screenshot):
    page.goto("/")
    screenshot(page, "1-start")
    ask_for_code(page, phone)
    see(page, MASKED)
    handset = open_handset(context, page)
    code = read_code(handset)
    screenshot(handset, "3-handset")
    page.bring_to_front()
    see(page, "Delivered to your phone.")
    screenshot(page, "2-code")
    type_code(page, code)
    see(page, "Signed in with +1 201-555-0123")
    screenshot(page, "4-signed-in")

    open_verification(page)
    row = page.locator("#result_list tbody tr")
    assert row.count() == 1
    assert "verified" in row.inner_text()
    assert "delivered" in row.inner_text()
    row.get_by_role("link").first.click()
    see(page, "The site took the proof.")
    see(page, "LANCK said SENT (SMS).")
    see(page, "The network said DELIVERED (SMS).")
    see(page, "delivered")
    screenshot(page, "5-admin")


def test_a_voice_reads_the_code(context, page, phone, screenshot):
    ask_for_code(page, phone, "Voice call")
    see(page, "a voice reads a 6-digit code to you")
    handset = open_handset(context, page)
    code = read_code(handset)
    screenshot(handset, "handset")
    page.bring_to_front()
    see(page, "You picked up.")
    type_code(page, code)
    see(page, "Signed in with +1 201-555-0123")


def test_the_number_that_rings_ends_in_the_code(context, page, phone, screenshot):
    ask_for_code(page, phone, "Missed call")
    see(page, "the last 6 digits of the number that calls you")
    handset = open_handset(context, page)
    caller = handset.get_by_role("article").first.get_by_text(re.compile(r"^\+\d{10,}$")).inner_text()
    screenshot(handset, "handset")
    page.bring_to_front()
    see(page, "Your phone rang.")
    type_code(page, caller[-6:])
    see(page, "Signed in with +1 201-555-0123")


def test_a_wrong_code_can_be_put_right(context, page, phone, screenshot):
    ask_for_code(page, phone)
    code = read_code(open_handset(context, page))
    type_code(page, f"{(int(code) + 1) % 1_000_000:06}")
    see(page, "This code is not right.")
    see(page, "4 attempts left.")
    screenshot(page, "code")
    see(page, "Delivered to your phone.")
    type_code(page, code)
    see(page, "Signed in with +1 201-555-0123")


def test_another_code_can_be_asked_for_once_the_wait_is_over(context, page, phone, settings):
    settings.LANCK = {**settings.LANCK, "RESEND_WAITS": [2, 30]}
    ask_for_code(page, phone)
    handset = open_handset(context, page)
    first = read_code(handset)
    page.bring_to_front()
    button = page.get_by_role("button", name="Send a new text")
    assert button.is_disabled()
    see(page, "You can do that in 0:0")
    button.click()
    see(page, "Codes that you got before do not work any more.")
    see(page, "Delivered to your phone.")
    handset.bring_to_front()
    handset.reload()
    second = read_code(handset)
    if first != second:
        type_code(page, first)
        see(page, "This code is not right.")
    type_code(page, second)
    see(page, "Signed in with +1 201-555-0123")
