"""The simulated handset in a person's browser: what it shows, and texting from it."""

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


def arrive(number: str, text: str, channel: str = "sms", **fields: str) -> None:
    """Something comes to a phone."""
    request = SandboxRequest.objects.create(
        product="messaging", channel=channel, number=number, sender="Shop", status="DELIVERED", mccmnc="00101"
    )
    SandboxMessage.objects.create(
        request=request, number=number, channel=channel, **{"sender": "Shop", "text": text} | fields
    )


def open_phone(page: Page, number: str) -> Locator:
    """The phone, kept open; returns the field in which to write."""
    page.goto(f"/sandbox/?number=%2B{number[1:]}")
    page.get_by_text("Live", exact=True).wait_for()
    return page.get_by_label("Text the site")


def see(page: Page, text: str) -> None:
    page.get_by_role("article").get_by_text(text).first.wait_for()


def has_focus(item: Locator) -> bool:
    return item.evaluate("item => item === document.activeElement")


def test_a_person_answers_by_text(page, phone):
    arrive(phone, "Come at eight?")
    open_phone(page, phone).fill("YES")
    page.get_by_role("button", name="Send").click()
    see(page, "YES")
    page.wait_for_url(f"**/sandbox/?number=%2B{phone[1:]}")
    inbound = SandboxInbound.objects.get()
    assert (inbound.sender, inbound.text) == (phone, "YES")
    see(page, "posted, answered 204")
    assert InboundMessage.objects.get().text == "YES"
    assert page.get_by_label("Text the site").input_value() == ""


def test_what_a_person_types_survives_what_arrives(page, phone):
    arrive(phone, "Come at eight?")
    field = open_phone(page, phone)
    field.click()
    page.keyboard.type("I cannt")
    page.keyboard.press("ArrowLeft")
    arrive(phone, "Or at nine?")
    see(page, "Or at nine?")
    page.keyboard.type("o")
    SandboxInbound.objects.create(sender=phone, recipient="+9995550000", text="From elsewhere")
    see(page, "From elsewhere")
    assert has_focus(field)
    assert field.input_value() == "I cannot"
    assert field.evaluate("field => field.selectionStart") == len("I canno")


def test_a_draft_stays_when_its_writer_reads_on(page, phone):
    arrive(phone, "Come at eight?")
    field = open_phone(page, phone)
    field.fill("Let me see")
    page.get_by_role("region", name="Received and sent").focus()
    arrive(phone, "Or at nine?")
    see(page, "Or at nine?")
    assert field.input_value() == "Let me see"


def test_the_phone_of_a_writer_stays_open_when_another_one_gets_something(page, phone):
    arrive(phone, "Come at eight?")
    page.goto("/sandbox/")
    field = page.get_by_label("Text the site")
    field.fill("Yes, gladly")
    arrive(OTHER, "Something else")
    page.get_by_role("link", name=re.compile("201-555-0151")).wait_for()
    page.get_by_role("heading", name="+1 201-555-0123").wait_for()
    page.get_by_role("button", name="Send").click()
    see(page, "Yes, gladly")
    assert SandboxInbound.objects.get().sender == phone


def test_without_a_draft_the_page_follows_the_newest_phone(page, phone):
    arrive(phone, "Come at eight?")
    page.goto("/sandbox/")
    page.get_by_label("Text the site").wait_for()
    arrive(OTHER, "Something else")
    page.get_by_role("heading", name="+1 201-555-0151").wait_for()
    page.get_by_label("Text the site").fill("From the other phone")
    page.get_by_role("button", name="Send").click()
    see(page, "From the other phone")
    assert SandboxInbound.objects.get().sender == OTHER


def test_a_text_is_sent_although_somebody_logged_in_meanwhile(context, page, phone, admin_user):
    arrive(phone, "Come at eight?")
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


def test_with_the_keyboard_alone(page, phone):
    arrive(phone, "Come at eight?", "viber", button_caption="Where?", button_url="https://shop.example.com/map")
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


def test_a_text_can_be_written_without_script(chromium, site, phone):
    arrive(phone, "Come at eight?")
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


def under_a_strict_policy(context: BrowserContext, site: str) -> list[str]:
    """Let the pages load nothing but the site's own files; the addresses that they ask for."""
    asked: list[str] = []

    def answer(route):
        headers = {**(response := route.fetch()).headers, "content-security-policy": "default-src 'self'"}
        route.fulfill(response=response, headers=headers)

    context.route(re.compile(f"^{re.escape(site)}/sandbox/"), answer)
    context.on("request", lambda request: asked.append(request.url))
    return asked


@pytest.mark.parametrize("width", [1280, 375, 320])
def test_50_messages_with_long_texts_fit_and_load_nothing_from_elsewhere(context, page, phone, site, screenshot, width):
    asked = under_a_strict_policy(context, site)
    address = "https://cdn.example.com/" + "van" * 300
    for channel in CHANNELS * 5:
        fields = {"title": "T" * 300, "image_url": address, "button_caption": "B" * 300, "button_url": address}
        arrive(phone, "long" * 100 + " words" * 200, channel, sender="9" * 20, code="99999999", **fields)
    SandboxInbound.objects.create(sender=phone, recipient="+9995550000", text="W" * 1600)
    open_phone(page, phone)
    assert page.get_by_role("article").count() == 50
    screenshot(page, "full")
    assert asked
    assert all(url.startswith(site) for url in asked)
    too_wide = page.evaluate(
        """() => [...document.querySelectorAll(".notices *:not(.unseen)")].filter((item) =>
            item.getBoundingClientRect().right > document.querySelector(".screen").getBoundingClientRect().right)
            .map((item) => item.className)"""
    )
    assert too_wide == []


@pytest.mark.parametrize("width", [1280, 375])
def test_each_channel_looks_like_itself(page, phone, screenshot, width):
    for channel in CHANNELS:
        arrive(phone, "Your parcel comes today between 4 and 6 pm.", channel, title="Parcel", code="4711")
    open_phone(page, phone)
    colours = page.locator(".app").evaluate_all("icons => icons.map((icon) => getComputedStyle(icon).backgroundColor)")
    assert len(set(colours)) == 7
    screenshot(page, "all")
