"""The field of the code: what comes into it by itself, and when it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import User

from django_lanck.models import Verification
from tests.helpers import wrong_code

from .steps import NO_SMS, ask_for_code, code_on, press, see, type_code
from .test_number_field import paste

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SIGNED_IN = "Signed in with +1 201-555-0123"

# The browser's part of WebOTP: nobody texts this Chromium. The page asks for a code, and gets it when it comes.
WEB_OTP = """
    window.OTPCredential = class {};
    navigator.credentials.get = ({ otp, signal }) => new Promise((resolve, reject) => {
        window.asked = otp.transport;
        window.deliver = (code) => resolve({ code });
        signal.addEventListener("abort", () => { sessionStorage.aborted = "yes"; reject(signal.reason); });
    });
"""


@pytest.fixture
def attempts():
    """Attempts that were spent so far."""
    return lambda: Verification.objects.get().attempts


@pytest.fixture
def typing(page: Page, phone: str) -> Page:
    """The page on which a code is typed that is on its way."""
    ask_for_code(page, phone)
    return page


@pytest.mark.parametrize(
    "text",
    ["{0}", " {0}\n", "Your code is {0}", "Your code is {0}. It works for 10 minutes.\n\n@example.com #{0}", "{1}-{2}"],
)
def test_a_pasted_code_is_taken_out_of_its_sentence_and_sent(typing, phone, text):
    code = code_on(phone)
    paste(typing.locator("[name=code]"), text.format(code, code[:3], code[3:]))
    see(typing, SIGNED_IN)


def test_a_pasted_code_may_be_of_another_script(typing, phone):
    paste(typing.locator("[name=code]"), code_on(phone).translate(dict(enumerate("٠١٢٣٤٥٦٧٨٩", ord("0")))))
    see(typing, SIGNED_IN)


def test_a_text_with_two_codes_is_not_sent(typing, phone, attempts):
    paste(typing.locator("[name=code]"), "123456 or 654321")
    assert typing.locator("[name=code]").input_value() == "123456 or 654321"
    assert attempts() == 0


def test_a_complete_code_is_sent_once(typing, phone, attempts):
    field = typing.locator("[name=code]")
    field.press_sequentially(wrong_code(code_on(phone)))
    see(typing, "4 attempts left.")
    assert attempts() == 1


def test_an_incomplete_code_waits(typing, phone, attempts):
    typing.locator("[name=code]").press_sequentially(code_on(phone)[:5])
    typing.wait_for_timeout(300)
    assert attempts() == 0
    typing.keyboard.type(code_on(phone)[5])
    see(typing, SIGNED_IN)


def test_a_wrong_code_is_not_sent_again_by_itself(typing, phone, attempts):
    code = wrong_code(code_on(phone))
    type_code(typing, code)
    see(typing, "4 attempts left.")
    type_code(typing, code)
    typing.wait_for_timeout(300)
    assert attempts() == 1
    press(typing)
    see(typing, "3 attempts left.")


def test_pressing_the_button_while_the_code_is_sent_checks_once(typing, phone, attempts):
    field = typing.locator("[name=code]")
    field.evaluate(
        """(field, code) => {
            field.value = code;
            field.dispatchEvent(new Event("input", { bubbles: true }));
            document.querySelector(".lanck-form .lanck-button").click();
        }""",
        wrong_code(code_on(phone)),
    )
    see(typing, "4 attempts left.")
    assert attempts() == 1


def test_the_browser_hands_the_code_over(context, page, phone):
    context.add_init_script(WEB_OTP)
    ask_for_code(page, phone)
    page.wait_for_function("Boolean(window.deliver)")
    assert page.evaluate("window.asked") == ["sms"]
    page.evaluate("code => window.deliver(code)", code_on(phone))
    see(page, SIGNED_IN)
    assert User.objects.count() == 1


def test_the_browser_stops_waiting_once_the_code_is_typed(context, page, phone):
    context.add_init_script(WEB_OTP)
    ask_for_code(page, phone)
    type_code(page, code_on(phone))
    see(page, SIGNED_IN)
    assert page.evaluate("sessionStorage.aborted") == "yes"


def test_a_code_that_the_browser_does_not_get_is_typed(context, page, phone):
    context.add_init_script(
        "window.OTPCredential = class {}; navigator.credentials.get = () => Promise.reject(Error());"
    )
    ask_for_code(page, phone)
    type_code(page, code_on(phone))
    see(page, SIGNED_IN)


# What the server knows better by the second


def test_the_server_says_how_long_to_wait_for_another_code(typing, phone, backdate):
    button = typing.get_by_role("button", name="Send a new code")
    assert button.is_disabled()
    see(typing, "You can ask for a new code in 0:2")
    backdate(Verification.objects.get(), 60)
    typing.locator("[data-resend] button:enabled").first.wait_for()
    assert typing.get_by_role("timer").is_hidden()


def test_only_what_changed_is_replaced_and_the_focus_stays(page, phone, settings):
    settings.LANCK_SANDBOX = {**settings.LANCK_SANDBOX, "RECEIPT_DELAY": 3.0}
    settings.LANCK = {**settings.LANCK, "RESEND_WAITS": [1, 1]}
    ask_for_code(page, phone)
    see(page, "It is on its way.")
    button = page.get_by_role("button", name="Call me instead")
    page.locator("[data-resend] button:enabled").first.wait_for()
    button.focus()
    page.evaluate("window.kept = document.activeElement")
    see(page, "It was delivered to your phone.")
    assert button.evaluate("button => button === document.activeElement && button === window.kept")


def test_the_focus_follows_a_button_to_its_new_place(page, settings):
    settings.LANCK_SANDBOX = {**settings.LANCK_SANDBOX, "RECEIPT_DELAY": 3.0}
    settings.LANCK = {**settings.LANCK, "RESEND_WAITS": [1, 1]}
    ask_for_code(page, NO_SMS)
    page.locator("[data-resend] button:enabled").first.wait_for()
    button = page.get_by_role("button", name="Give me a missed call instead")
    button.focus()
    see(page, "We could not deliver the SMS.")
    assert page.locator("[data-resend] button").first.inner_text() == "Call me instead"
    assert button.evaluate("button => button === document.activeElement")


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_page_stays_while_a_form_is_under_way(typing, when):
    """What it led to is in its answer: to move on now would lose it."""
    typing.evaluate(
        """(when) => {
            const ask = window.fetch;
            const send = () => { document.querySelector("form").dataset.sent = "yes"; };
            if (when === "before") send();
            window.fetch = async (...asked) => {
                const answer = await ask(...asked);
                if (answer.url.includes("/status/")) { window.hasAsked = true; send(); }
                return answer;
            };
        }""",
        when,
    )
    Verification.objects.update(state="canceled", ended_at=Verification.objects.get().created_at)
    typing.wait_for_timeout(4000)
    assert typing.locator("[name=code]").is_visible()
    assert typing.evaluate("window.hasAsked ?? false") == (when == "after")


def test_the_page_moves_on_when_its_verification_has_ended(typing):
    Verification.objects.update(state="canceled", ended_at=Verification.objects.get().created_at)
    see(typing, "This verification was canceled. Start again.")


def test_a_page_in_the_background_does_not_ask(context, typing):
    asked = []
    typing.on("request", lambda request: asked.append(request.url) if "/status/" in request.url else None)
    typing.evaluate("Object.defineProperty(document, 'hidden', { get: () => window.isAway ?? false })")
    see(typing, "It was delivered to your phone.")
    typing.evaluate("window.isAway = true")
    before = len(asked)
    typing.wait_for_timeout(5000)
    assert len(asked) == before
    typing.evaluate("window.isAway = false; document.dispatchEvent(new Event('visibilitychange'))")
    typing.wait_for_timeout(500)
    assert len(asked) == before + 1


def test_a_lost_connection_is_waited_out(typing, context, complaints):
    context.route("**/status/", lambda route: route.abort())
    typing.wait_for_timeout(2500)
    context.unroute("**/status/")
    see(typing, "It was delivered to your phone.")
    assert complaints.pop() == "Failed to load resource: net::ERR_FAILED"
