"""A customer says that no code came: what a support agent finds out, and does about it, in a browser."""

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

# A magic number of the sandbox's: calls arrive, SMS do not.
NO_SMS = "+12045550104"
SPELLED = "001 (204) 555-0104"
SUPPORT = (
    "view_verification view_message view_verifiednumber view_inboundmessage view_numberinsight view_optout view_number "
    "send_message lift_limit forget_number"
)


@pytest.fixture
def undelivered(site, settings) -> Verification:
    """A person waits for an SMS that the network did not deliver."""
    settings.LANCK = {**settings.LANCK, "RESEND_WAITS": [0, 0, 0]}
    verification = start_verification(number=NO_SMS)
    wait_until(lambda: Message.objects.get().is_final)
    return verification


@pytest.fixture
def agent(site, page) -> Page:
    """The browser of somebody of the support, who is logged in."""
    user = User.objects.create_user("agent", password="agent", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="lanck", codename__in=SUPPORT.split()))
    page.goto("/admin/lanck/")
    page.get_by_label("Username").fill("agent")
    page.get_by_label("Password").fill("agent")
    page.get_by_role("button", name="Log in").click()
    return page


@pytest.fixture
def looked_at(screenshot, complaints) -> Callable[[Page, str], None]:
    """Keep a picture of the page, and let axe-core look for what somebody would stumble over."""
    from axe_playwright_python.sync_playwright import Axe

    def look(page: Page, name: str) -> None:
        screenshot(page, name)
        # Inside the page's own part: the rest is Django's.
        complained = len(complaints)
        results = Axe().run(page, context="#content")
        del complaints[complained:]  # axe measures by styles of its own, which the CSP forbids here
        assert results.violations_count == 0, results.generate_report()

    return look


def find(page: Page, number: str) -> None:
    page.get_by_label("The story of a number").fill(number)
    page.get_by_role("button", name="Show").click()


@pytest.mark.parametrize("width", [1280, 390])
def test_an_agent_sends_by_voice_what_did_not_come_by_sms(agent, context, undelivered, looked_at):
    looked_at(agent, "1-index")
    find(agent, SPELLED)
    agent.get_by_role("heading", name=f"The story of {NO_SMS}").wait_for()
    assert NO_SMS.removeprefix("+") not in agent.url
    agent.get_by_text("The network did not deliver the SMS.", exact=True).wait_for()
    agent.get_by_text("Send the code again by voice call.", exact=True).wait_for()
    agent.get_by_text("The network reported UNDELIVERED (SMS).").wait_for()
    looked_at(agent, "2-undelivered")

    agent.get_by_role("button", name="Send again by voice call").click()
    agent.get_by_role("heading", name="Send the code again by voice call?").wait_for()
    looked_at(agent, "3-confirm")
    agent.get_by_role("button", name="Send it").click()
    agent.get_by_text("The code was sent again by voice call.").first.wait_for()
    wait_until(lambda: Message.objects.order_by("-pk").first().is_final)
    agent.reload()
    agent.get_by_text(re.compile("The voice call was answered at")).wait_for()
    agent.get_by_text("Noted by agent: The code was sent again by voice call.").wait_for()
    looked_at(agent, "4-answered")

    handset = context.new_page()
    handset.goto(f"/sandbox/?number=%2B{NO_SMS[1:]}")
    code = handset.get_by_role("article").first.get_by_label("Code").inner_text()
    assert re.fullmatch(r"\d{6}", code)


def test_in_the_dark(agent, undelivered, looked_at):
    agent.emulate_media(color_scheme="dark")
    find(agent, SPELLED)
    agent.get_by_role("heading", name=f"The story of {NO_SMS}").wait_for()
    looked_at(agent, "story")


def test_with_the_keyboard_alone(agent, undelivered):
    agent.get_by_label("The story of a number").focus()
    agent.keyboard.type(SPELLED)
    agent.keyboard.press("Enter")
    agent.get_by_role("heading", name=f"The story of {NO_SMS}").wait_for()
    agent.get_by_role("button", name="Send again by voice call").focus()
    agent.keyboard.press("Enter")
    agent.get_by_role("button", name="Send it").focus()
    agent.keyboard.press("Enter")
    agent.get_by_text("The code was sent again by voice call.").first.wait_for()


def test_a_number_is_forgotten_and_in_no_address(agent, undelivered, looked_at):
    addresses: list[str] = []
    agent.on("framenavigated", lambda frame: addresses.append(frame.url))
    find(agent, SPELLED)
    agent.get_by_role("link", name="Forget the number").click()
    agent.get_by_role("heading", name=f"Forget {NO_SMS}?").wait_for()
    looked_at(agent, "1-confirm")
    agent.get_by_role("button", name="Forget the number").click()
    agent.get_by_text("The number was forgotten: verifications 1, messages 1").wait_for()
    find(agent, SPELLED)
    agent.get_by_text("Nothing is stored about this number any more").wait_for()
    looked_at(agent, "2-nothing")
    assert len(addresses) == 4
    assert not [address for address in addresses if NO_SMS[1:] in address]


# Whether a number begins on the left with its "+", wherever it stands on the page.
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
def test_numbers_keep_their_order_among_arabic(page, context, client, site, undelivered):
    client.force_login(User.objects.create_superuser("agent"))
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site}])
    for place in ("", f"{undelivered.pk}/change/", f"{undelivered.pk}/story/"):
        page.goto(f"/admin/lanck/verification/{place}")
        assert page.locator("html").get_attribute("dir") == "rtl"
        order = page.evaluate(ORDER)
        assert order and all(order), place
