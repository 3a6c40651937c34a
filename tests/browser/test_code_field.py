"""The field of the code: paste, WebOTP, automatic submission; and the live delivery status below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import User

from django_lanck.models import Verification
from tests.helpers import wrong_code

from .steps import NO_SMS, ask_for_code, code_of, see, submit, type_code
from .test_number_field import paste

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SIGNED_IN = "Signed in with +1 201-555-0123"

# A fake of the browser's WebOTP, which headless Chromium does not have.
WEB_OTP = """
    window.OTPCredential = class {};
    navigator.credentials.get = ({ otp, signal }) => new Promise((resolve, reject) => {
        window.transports = otp.transport;
        window.deliver = (code) => resolve({ code });
        signal.addEventListener("abort", () => { sessionStorage.aborted = "yes"; reject(signal.reason); });
    });
"""


@pytest.fixture
def attempts():
    """Return the number of spent attempts: ``attempts()``."""
    return lambda: Verification.objects.get().attempts


@pytest.fixture
def code_page(page: Page, phone: str) -> Page:
    """The page with the code, after an SMS was sent."""
    ask_for_code(page, phone)
    return page


@pytest.mark.parametrize(
    "text",
    ["{0}", " {0}\n", "Your code is {0}", "Your code is {0}. It works for 10 minutes.\n\n@example.com #{0}", "{1}-{2}"],
)
def test_pasted_text_with_one_code_submits_the_code(code_page, phone, text):
    code = code_of(phone)
    paste(code_page.locator("[name=code]"), text.format(code, code[:3], code[3:]))
    see(code_page, SIGNED_IN)


def test_pasted_code_in_other_digits_is_submitted(code_page, phone):
    paste(code_page.locator("[name=code]"), code_of(phone).translate(dict(enumerate("٠١٢٣٤٥٦٧٨٩", ord("0")))))
    see(code_page, SIGNED_IN)


def test_pasted_text_with_two_codes_is_not_submitted(code_page, phone, attempts):
    paste(code_page.locator("[name=code]"), "123456 or 654321")
    assert code_page.locator("[name=code]").input_value() == "123456 or 654321"
    assert attempts() == 0


def test_complete_code_is_submitted_once(code_page, phone, attempts):
    field = code_page.locator("[name=code]")
    field.press_sequentially(wrong_code(code_of(phone)))
    see(code_page, "4 attempts left.")
    assert attempts() == 1


def test_incomplete_code_is_not_submitted(code_page, phone, attempts):
    code_page.locator("[name=code]").press_sequentially(code_of(phone)[:5])
    code_page.wait_for_timeout(300)
    assert attempts() == 0
    code_page.keyboard.type(code_of(phone)[5])
    see(code_page, SIGNED_IN)


def test_refused_code_is_not_submitted_again_automatically(code_page, phone, attempts):
    code = wrong_code(code_of(phone))
    type_code(code_page, code)
    see(code_page, "4 attempts left.")
    type_code(code_page, code)
    code_page.wait_for_timeout(300)
    assert attempts() == 1
    submit(code_page)
    see(code_page, "3 attempts left.")


def test_click_during_the_automatic_submission_checks_once(code_page, phone, attempts):
    field = code_page.locator("[name=code]")
    field.evaluate(
        """(field, code) => {
            field.value = code;
            field.dispatchEvent(new Event("input", { bubbles: true }));
            document.querySelector(".lanck-form .lanck-button").click();
        }""",
        wrong_code(code_of(phone)),
    )
    see(code_page, "4 attempts left.")
    assert attempts() == 1


def test_webotp_code_is_submitted(context, page, phone):
    context.add_init_script(WEB_OTP)
    ask_for_code(page, phone)
    page.wait_for_function("Boolean(window.deliver)")
    assert page.evaluate("window.transports") == ["sms"]
    page.evaluate("code => window.deliver(code)", code_of(phone))
    see(page, SIGNED_IN)
    assert User.objects.count() == 1


def test_typed_code_aborts_webotp(context, page, phone):
    context.add_init_script(WEB_OTP)
    ask_for_code(page, phone)
    type_code(page, code_of(phone))
    see(page, SIGNED_IN)
    assert page.evaluate("sessionStorage.aborted") == "yes"


def test_code_can_be_typed_when_webotp_is_refused(context, page, phone):
    context.add_init_script(
        "window.OTPCredential = class {}; navigator.credentials.get = () => Promise.reject(Error());"
    )
    ask_for_code(page, phone)
    type_code(page, code_of(phone))
    see(page, SIGNED_IN)


# The live part of the page


def test_countdown_of_the_server_enables_the_resend_buttons(code_page, phone, backdate):
    button = code_page.get_by_role("button", name="Send a new code")
    assert button.is_disabled()
    see(code_page, "You can ask for a new code in 0:2")
    backdate(Verification.objects.get(), 60)
    code_page.locator("[data-resend] button:enabled").first.wait_for()
    assert code_page.get_by_role("timer").is_hidden()


def test_update_replaces_changed_elements_only_and_keeps_the_focus(page, phone, settings):
    settings.LANCK_SANDBOX = {**settings.LANCK_SANDBOX, "RECEIPT_DELAY": 3.0}
    settings.LANCK = {**settings.LANCK, "RESEND_WAITS": [1, 1]}
    ask_for_code(page, phone)
    see(page, "It is on its way.")
    button = page.get_by_role("button", name="Call me instead")
    page.locator("[data-resend] button:enabled").first.wait_for()
    button.focus()
    page.evaluate("window.focusedButton = document.activeElement")
    see(page, "It was delivered to your phone.")
    assert button.evaluate("button => button === document.activeElement && button === window.focusedButton")


def test_focus_follows_a_button_that_moves(page, settings):
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
def test_page_does_not_reload_while_a_form_is_submitted(code_page, when):
    """A reload would cancel the request of the form."""
    code_page.evaluate(
        """(when) => {
            const fetch = window.fetch;
            const submit = () => { document.querySelector("form").dataset.sent = "yes"; };
            if (when === "before") submit();
            window.fetch = async (...parameters) => {
                const response = await fetch(...parameters);
                if (response.url.includes("/status/")) { window.hasPolled = true; submit(); }
                return response;
            };
        }""",
        when,
    )
    Verification.objects.update(state="canceled", ended_at=Verification.objects.get().created_at)
    code_page.wait_for_timeout(4000)
    assert code_page.locator("[name=code]").is_visible()
    assert code_page.evaluate("window.hasPolled ?? false") == (when == "after")


def test_page_reloads_when_its_verification_ends(code_page):
    Verification.objects.update(state="canceled", ended_at=Verification.objects.get().created_at)
    see(code_page, "This verification was canceled. Start again.")


def test_hidden_page_does_not_poll(context, code_page):
    polls = []
    code_page.on("request", lambda request: polls.append(request.url) if "/status/" in request.url else None)
    code_page.evaluate("Object.defineProperty(document, 'hidden', { get: () => window.isHidden ?? false })")
    see(code_page, "It was delivered to your phone.")
    code_page.evaluate("window.isHidden = true")
    before = len(polls)
    code_page.wait_for_timeout(5000)
    assert len(polls) == before
    code_page.evaluate("window.isHidden = false; document.dispatchEvent(new Event('visibilitychange'))")
    code_page.wait_for_timeout(500)
    assert len(polls) == before + 1


def test_polling_continues_after_a_failed_request(code_page, context, browser_errors):
    context.route("**/status/", lambda route: route.abort())
    code_page.wait_for_timeout(2500)
    context.unroute("**/status/")
    see(code_page, "It was delivered to your phone.")
    assert browser_errors.pop() == "Failed to load resource: net::ERR_FAILED"
