"""The simulated handset of the sandbox: its messages, and sending an SMS from it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from django_lanck.models import InboundMessage
from django_lanck.sandbox.models import SandboxInbound, SandboxMessage, SandboxRequest

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator, Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

OTHER = "+12015550151"
CHANNELS = ["sms", "voice", "call", "push", "viber", "rcs", "flash", "p2s", "t2s", "whatsapp"]


def deliver(number: str, text: str, channel: str = "sms", **fields: str) -> None:
    """Create a delivered message."""
    request = SandboxRequest.objects.create(
        product="messaging", channel=channel, number=number, sender="Shop", status="DELIVERED", mccmnc="00101"
    )
    SandboxMessage.objects.create(
        request=request, number=number, channel=channel, **{"sender": "Shop", "text": text} | fields
    )


def open_phone(page: Page, number: str) -> Locator:
    """Open the phone and return the field for an SMS."""
    page.goto(f"/sandbox/?number=%2B{number[1:]}")
    page.get_by_text("Live", exact=True).wait_for()
    return page.get_by_label("Text the site")


def see(page: Page, text: str) -> None:
    page.get_by_role("article").get_by_text(text).first.wait_for()


def has_focus(item: Locator) -> bool:
    return item.evaluate("item => item === document.activeElement")


def test_sms_from_the_handset_is_posted_to_the_site(page, phone):
    deliver(phone, "Come at eight?")
    open_phone(page, phone).fill("YES")
    page.get_by_role("button", name="Send").click()
    see(page, "YES")
    page.wait_for_url(f"**/sandbox/?number=%2B{phone[1:]}")
    inbound = SandboxInbound.objects.get()
    assert (inbound.sender, inbound.text) == (phone, "YES")
    see(page, "posted, answered 204")
    assert InboundMessage.objects.get().text == "YES"
    assert page.get_by_label("Text the site").input_value() == ""


def test_new_message_keeps_the_draft_the_caret_and_the_focus(page, phone):
    deliver(phone, "Come at eight?")
    field = open_phone(page, phone)
    field.click()
    page.keyboard.type("I cannt")
    page.keyboard.press("ArrowLeft")
    deliver(phone, "Or at nine?")
    see(page, "Or at nine?")
    page.keyboard.type("o")
    SandboxInbound.objects.create(sender=phone, recipient="+9995550000", text="From elsewhere")
    see(page, "From elsewhere")
    assert has_focus(field)
    assert field.input_value() == "I cannot"
    assert field.evaluate("field => field.selectionStart") == len("I canno")


def test_draft_without_focus_survives_a_new_message(page, phone):
    deliver(phone, "Come at eight?")
    field = open_phone(page, phone)
    field.fill("Let me see")
    page.get_by_role("region", name="Received and sent").focus()
    deliver(phone, "Or at nine?")
    see(page, "Or at nine?")
    assert field.input_value() == "Let me see"


def test_phone_with_a_draft_stays_open_when_another_one_gets_a_message(page, phone):
    deliver(phone, "Come at eight?")
    page.goto("/sandbox/")
    field = page.get_by_label("Text the site")
    field.fill("Yes, gladly")
    deliver(OTHER, "Something else")
    page.get_by_role("link", name=re.compile("201-555-0151")).wait_for()
    page.get_by_role("heading", name="+1 201-555-0123").wait_for()
    page.get_by_role("button", name="Send").click()
    see(page, "Yes, gladly")
    assert SandboxInbound.objects.get().sender == phone


def test_page_without_a_draft_switches_to_the_newest_phone(page, phone):
    deliver(phone, "Come at eight?")
    page.goto("/sandbox/")
    page.get_by_label("Text the site").wait_for()
    deliver(OTHER, "Something else")
    page.get_by_role("heading", name="+1 201-555-0151").wait_for()
    page.get_by_label("Text the site").fill("From the other phone")
    page.get_by_role("button", name="Send").click()
    see(page, "From the other phone")
    assert SandboxInbound.objects.get().sender == OTHER


def test_sms_is_sent_after_a_login_in_another_tab(context, page, phone, admin_user):
    deliver(phone, "Come at eight?")
    field = open_phone(page, phone)
    field.fill("YES")
    tab = context.new_page()
    tab.goto("/admin/")
    tab.get_by_label("Username").fill("admin")
    tab.get_by_label("Password").fill("password")
    tab.get_by_role("button", name="Log in").click()
    tab.get_by_role("button", name="Log out").wait_for()
    page.bring_to_front()
    page.get_by_role("button", name="Send").click()
    see(page, "YES")
    assert SandboxInbound.objects.get().text == "YES"


def test_sms_by_keyboard_only(page, phone):
    deliver(phone, "Come at eight?", "viber", button_caption="Where?", button_url="https://shop.example.com/map")
    open_phone(page, phone)
    page.get_by_role("region", name="Received and sent").focus()
    page.keyboard.press("Tab")
    assert has_focus(page.get_by_role("link", name=re.compile("Where")))
    page.keyboard.press("Tab")
    assert has_focus(page.get_by_label("Text the site"))
    page.keyboard.type("YES")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    see(page, "YES")


def test_sms_can_be_sent_without_javascript(chromium, site, phone):
    deliver(phone, "Come at eight?")
    context = chromium.new_context(base_url=site, java_script_enabled=False)
    page = context.new_page()
    page.goto("/sandbox/")
    assert not page.get_by_label("Text the site").is_visible()
    page.get_by_role("link", name="Text the site").click()
    page.get_by_label("Text the site").fill("YES")
    page.get_by_role("button", name="Send").click()
    see(page, "YES")
    assert SandboxInbound.objects.get().text == "YES"
    context.close()


def with_strict_csp(context: BrowserContext, site: str) -> list[str]:
    """Set a CSP that allows the site's own files only; return the list of requested URLs."""
    urls: list[str] = []

    def add_header(route):
        headers = {**(response := route.fetch()).headers, "content-security-policy": "default-src 'self'"}
        route.fulfill(response=response, headers=headers)

    context.route(re.compile(f"^{re.escape(site)}/sandbox/"), add_header)
    context.on("request", lambda request: urls.append(request.url))
    return urls


@pytest.mark.parametrize("width", [1280, 375, 320])
def test_50_long_messages_fit_the_screen_and_load_no_external_files(context, page, phone, site, screenshot, width):
    urls = with_strict_csp(context, site)
    address = "https://cdn.example.com/" + "van" * 300
    for channel in CHANNELS * 5:
        fields = {"title": "T" * 300, "image_url": address, "button_caption": "B" * 300, "button_url": address}
        deliver(phone, "long" * 100 + " words" * 200, channel, sender="9" * 20, code="99999999", **fields)
    SandboxInbound.objects.create(sender=phone, recipient="+9995550000", text="W" * 1600)
    open_phone(page, phone)
    assert page.get_by_role("article").count() == 50
    screenshot(page, "full")
    assert urls
    assert all(url.startswith(site) for url in urls)
    too_wide = page.evaluate(
        """() => [...document.querySelectorAll(".notices *:not(.unseen)")].filter((item) =>
            item.getBoundingClientRect().right > document.querySelector(".screen").getBoundingClientRect().right)
            .map((item) => item.className)"""
    )
    assert too_wide == []


@pytest.mark.parametrize("width", [1280, 375])
def test_channels_have_different_colours(page, phone, screenshot, width):
    for channel in CHANNELS:
        deliver(phone, "Your parcel comes today between 4 and 6 pm.", channel, title="Parcel", code="4711")
    open_phone(page, phone)
    colours = page.locator(".app").evaluate_all("icons => icons.map((icon) => getComputedStyle(icon).backgroundColor)")
    assert len(set(colours)) == 7
    screenshot(page, "all")
