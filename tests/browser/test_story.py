"""The story of a number in the admin: a support agent helps a person who got no code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import Permission, User

from django_lanck.models import Message, Verification
from django_lanck.services import start_verification
from tests.live import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# A magic number of the sandbox: calls are delivered, SMS are not.
NO_SMS = "+12045550104"
NO_SMS_AS_TYPED = "001 (204) 555-0104"
SUPPORT = (
    "view_verification view_message view_verifiednumber view_inboundmessage view_numberinsight view_optout view_number "
    "send_message lift_limit forget_number"
)


@pytest.fixture
def undelivered(site, settings) -> Verification:
    """A verification whose SMS was not delivered."""
    settings.LANCK = {**settings.LANCK, "RESEND_WAITS": [0, 0, 0]}
    verification = start_verification(number=NO_SMS)
    wait_until(lambda: Message.objects.get().is_final)
    return verification


@pytest.fixture
def agent(site, page) -> Page:
    """A page of a support agent who is logged in to the admin."""
    user = User.objects.create_user("agent", password="agent", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="lanck", codename__in=SUPPORT.split()))
    page.goto("/admin/lanck/")
    page.get_by_label("Username").fill("agent")
    page.get_by_label("Password").fill("agent")
    page.get_by_role("button", name="Log in").click()
    return page


@pytest.fixture
def check_page(screenshot, browser_errors) -> Callable[[Page, str], None]:
    """Store a screenshot and check the accessibility: ``check_page(page, name)``."""
    from axe_playwright_python.sync_playwright import Axe

    def check(page: Page, name: str) -> None:
        screenshot(page, name)
        # Only #content is this app's; the rest is Django's.
        known = len(browser_errors)
        results = Axe().run(page, context="#content")
        del browser_errors[known:]  # axe adds inline styles, which the CSP forbids
        assert results.violations_count == 0, results.generate_report()

    return check


def find(page: Page, number: str) -> None:
    page.get_by_label("The story of a number").fill(number)
    page.get_by_role("button", name="Show").click()


@pytest.mark.parametrize("width", [1280, 390])
def test_agent_resends_an_undelivered_code_by_voice_call(agent, context, undelivered, check_page):
    check_page(agent, "1-index")
    find(agent, NO_SMS_AS_TYPED)
    agent.get_by_role("heading", name=f"The story of {NO_SMS}").wait_for()
    assert NO_SMS.removeprefix("+") not in agent.url
    agent.get_by_text("The network did not deliver the SMS.", exact=True).wait_for()
    agent.get_by_text("Send the code again by voice call.", exact=True).wait_for()
    agent.get_by_text("The network reported UNDELIVERED (SMS).").wait_for()
    check_page(agent, "2-undelivered")

    agent.get_by_role("button", name="Send again by voice call").click()
    agent.get_by_role("heading", name="Send the code again by voice call?").wait_for()
    check_page(agent, "3-confirm")
    agent.get_by_role("button", name="Send it").click()
    agent.get_by_text("The code was sent again by voice call.").first.wait_for()
    wait_until(lambda: Message.objects.order_by("-pk").first().is_final)
    agent.reload()
    agent.get_by_text(re.compile("The voice call was answered at")).wait_for()
    agent.get_by_text("Noted by agent: The code was sent again by voice call.").wait_for()
    check_page(agent, "4-answered")

    handset = context.new_page()
    handset.goto(f"/sandbox/?number=%2B{NO_SMS[1:]}")
    code = handset.get_by_role("article").first.get_by_label("Code").inner_text()
    assert re.fullmatch(r"\d{6}", code)


def test_looks_of_the_story_in_dark_mode(agent, undelivered, check_page):
    agent.emulate_media(color_scheme="dark")
    find(agent, NO_SMS_AS_TYPED)
    agent.get_by_role("heading", name=f"The story of {NO_SMS}").wait_for()
    check_page(agent, "story")


def test_resend_by_keyboard_only(agent, undelivered):
    agent.get_by_label("The story of a number").focus()
    agent.keyboard.type(NO_SMS_AS_TYPED)
    agent.keyboard.press("Enter")
    agent.get_by_role("heading", name=f"The story of {NO_SMS}").wait_for()
    agent.get_by_role("button", name="Send again by voice call").focus()
    agent.keyboard.press("Enter")
    agent.get_by_role("button", name="Send it").focus()
    agent.keyboard.press("Enter")
    agent.get_by_text("The code was sent again by voice call.").first.wait_for()


def test_forgetting_a_number_puts_it_in_no_url(agent, undelivered, check_page):
    urls: list[str] = []
    agent.on("framenavigated", lambda frame: urls.append(frame.url))
    find(agent, NO_SMS_AS_TYPED)
    agent.get_by_role("link", name="Forget the number").click()
    agent.get_by_role("heading", name=f"Forget {NO_SMS}?").wait_for()
    check_page(agent, "1-confirm")
    agent.get_by_role("button", name="Forget the number").click()
    agent.get_by_text("The number was forgotten: verifications 1, messages 1").wait_for()
    find(agent, NO_SMS_AS_TYPED)
    agent.get_by_text("Nothing is stored about this number any more").wait_for()
    check_page(agent, "2-nothing")
    assert len(urls) == 4
    assert not [url for url in urls if NO_SMS[1:] in url]


# Whether the "+" of each number on the page is left of its first digit.
ORDER = """() => {
  const found = [];
  const texts = document.createTreeWalker(document.querySelector("#content"), NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode, plus = text.data.search(/[+][0-9]/);
    if (plus < 0 || !text.parentElement.checkVisibility()) continue;
    const left = (at) => {
      const range = document.createRange();
      range.setStart(text, at);
      range.setEnd(text, at + 1);
      return range.getBoundingClientRect().x;
    };
    found.push(left(plus) < left(plus + 1));
  }
  return found;
}"""


@pytest.mark.parametrize("options", [{"locale": "ar"}])
def test_numbers_are_left_to_right_on_an_arabic_page(page, context, client, site, undelivered):
    client.force_login(User.objects.create_superuser("agent"))
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site}])
    for place in ("", f"{undelivered.pk}/change/", f"{undelivered.pk}/story/"):
        page.goto(f"/admin/lanck/verification/{place}")
        assert page.locator("html").get_attribute("dir") == "rtl"
        order = page.evaluate(ORDER)
        assert order and all(order), place
