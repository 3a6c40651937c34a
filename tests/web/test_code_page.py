import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_lanck.models import Message, Verification
from django_lanck.services import code_in_text
from tests.helpers import statements
from tests.web.conftest import OTHER, owner, text, url_of


@pytest.fixture
def code_page(visitor, phone):
    """A visitor on the page with the code, after an SMS was sent."""
    visitor.submit_number("signup", phone)
    return visitor


def test_page_has_the_instruction_and_the_attributes_for_autofill(code_page):
    page = text(code_page.open("signup", "code"))
    assert "We texted a code of 6 digits to \u2066+1201•••0123\u2069." in page
    (code,) = re.findall(r'<input type="text" name="code"[^>]*>', page)
    for attribute in (
        'autocomplete="one-time-code"',
        'inputmode="numeric"',
        "autofocus",
        "data-lanck-code",
        'data-length="6"',
    ):
        assert attribute in code
    assert "5 attempts left." in page
    assert "+12015550123" not in page


def test_instruction_of_a_flash_call_names_the_calling_number(visitor, lanck_settings, lanck, phone):
    lanck_settings(CODE_LENGTH=4)
    visitor.submit_number("signup", phone, method="call")
    page = text(visitor.open("signup", "code"))
    assert "type the last 4 digits of the number that just called you." in page
    assert visitor.type_code("signup", f"+372 82 32 {lanck.sent[-1].code}").status_code == 302
    assert owner(phone) == visitor.user


@pytest.mark.parametrize("spelled", ["{}", " {} ", "Your code is {}.", "{}\n\n@www.example.com #{}", "Ihr Code: {}"])
def test_code_in_a_pasted_sentence_is_accepted(code_page, lanck, spelled):
    code = lanck.sent[-1].code
    assert code_page.type_code("signup", spelled.format(code, code)).status_code == 302
    assert code_page.user


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("123 456", "123 456"),
        ("12-34-56", "12-34-56"),
        ("1234567", "1234567"),
        ("123456 or 654321", "123456 or 654321"),
    ],
)
def test_code_in_text_returns_spaced_digits_and_never_guesses(typed, code):
    assert code_in_text(typed, 6) == code


def test_code_in_other_digits_is_accepted(code_page, lanck):
    assert (
        code_page.type_code("signup", "".join(chr(0x660 + int(digit)) for digit in lanck.sent[-1].code)).status_code
        == 302
    )


def test_wrong_code_is_an_error_of_its_field_with_the_attempts_left(code_page):
    page = text(code_page.type_code("signup", "000000"))
    assert "This code is not right. Check the digits and try again." in page
    assert 'id="id_code_error"' in page
    assert "4 attempts left." in page
    assert "<title>Error:" in page


@pytest.mark.parametrize("typed", ["", "1" * 301, "x", "\x00", "12"])
def test_invalid_code_spends_no_attempt(code_page, typed):
    page = code_page.client.post(url_of("signup", "code"), {"code": typed})
    assert page.status_code == 200
    assert 'aria-invalid="true"' in text(page)
    assert Verification.objects.get().attempts == 0


def test_too_many_wrong_codes_end_the_verification_with_a_link_to_start_again(code_page):
    for _ in range(4):
        code_page.type_code("signup", "000000")
    page = text(code_page.type_code("signup", "000000"))
    assert "Too many wrong codes" in page
    assert f'href="{url_of("signup")}"' in page
    assert "Too many wrong codes" in text(code_page.open("signup", "code"))
    assert "Too many wrong codes" in text(code_page.type_code("signup"))
    assert code_page.post("signup", "resend")["Location"] == url_of("signup", "code")


def test_without_attempts_left_no_code_and_no_resend_is_accepted(code_page):
    Verification.objects.update(attempts=5)
    assert "Too many wrong codes" in text(code_page.type_code("signup"))
    assert "No more codes can be sent now." in text(code_page.open("signup", "code"))


def test_verified_code_page_redirects_to_the_finish_page(code_page, lanck_settings):
    lanck_settings(SIGNUP_FORM="tests.web.forms.NameForm")
    code_page.type_code("signup")
    for response in (
        code_page.open("signup", "code"),
        code_page.type_code("signup"),
        code_page.type_code("signup", "x"),
    ):
        assert response["Location"] == url_of("signup", "finish")


def test_expired_verification_shows_that_it_ended(code_page, backdate):
    backdate(Verification.objects.get(), 601)
    assert "Your time is up" in text(code_page.open("signup", "code"))
    assert "Your time is up" in text(code_page.type_code("signup"))
    assert Verification.objects.get().state == "expired"


def test_canceled_verification_shows_that_it_ended(code_page):
    Verification.objects.all().cancel()
    assert "This verification was canceled" in text(code_page.open("signup", "code"))


def test_code_page_without_a_verification_redirects_to_the_number(visitor):
    assert visitor.open("signup", "code")["Location"] == url_of("signup")
    assert visitor.client.post(url_of("signup", "code"), {"code": "123456"})["Location"] == url_of("signup")
    assert visitor.post("signup", "resend")["Location"] == url_of("signup")
    assert visitor.post("signup", "cancel")["Location"] == url_of("signup")


def test_resend_after_the_wait_sends_another_code(code_page, lanck, backdate):
    page = text(code_page.open("signup", "code"))
    assert re.search(r'data-wait="(30|29)" data-text="You can ask for a new code in \{time\}\.">You can ask', page)
    backdate(Verification.objects.get(), 30)
    assert 'data-wait="0"' in text(code_page.open("signup", "code"))
    assert code_page.post("signup", "resend", method="sms")["Location"] == url_of("signup", "code")
    assert len(lanck.sent) == 2
    page = text(code_page.open("signup", "code"))
    assert "This is a new code." in page
    assert code_page.type_code("signup").status_code == 302


def test_resend_before_the_wait_is_refused_with_the_time_left(code_page, lanck):
    page = text(code_page.post("signup", "resend", method="sms"))
    assert re.search(r'role="alert">You can ask for a new code in (30|29) seconds\.', page)
    assert f'action="{url_of("signup", "code")}"' in page  # the code can still be typed
    assert len(lanck.sent) == 1
    assert code_page.open("signup", "resend")["Location"] == url_of("signup", "code")


def test_resend_by_a_method_that_is_not_offered_is_refused(code_page, lanck, backdate):
    backdate(Verification.objects.get(), 30)
    assert "This way to get the code is not offered." in text(code_page.post("signup", "resend", method="pigeon"))
    assert len(lanck.sent) == 1


def test_same_method_is_offered_first_and_other_methods_after_a_failure(code_page, lanck):
    page = text(code_page.open("signup", "code"))
    assert page.index("Send a new code") < page.index("Call me instead")
    lanck.report(lanck.sent[-1], "UNDELIVERED")
    page = text(code_page.open("signup", "code"))
    assert "We could not deliver the SMS." in page
    assert page.index("Call me instead") < page.index("Send a new code")


def test_resend_by_another_method_uses_it(code_page, lanck, backdate):
    lanck.report(lanck.sent[-1], "UNDELIVERED")
    backdate(Verification.objects.get(), 30)
    code_page.post("signup", "resend", method="voice")
    assert lanck.sent[-1].channel == "voice"
    assert "Pick up: a voice reads a code of 6 digits to you." in text(code_page.open("signup", "code"))


def test_page_without_resends_left_has_no_resend_form(visitor, lanck_settings, phone):
    lanck_settings(RESEND_WAITS=[])
    visitor.submit_number("signup", phone)
    page = text(visitor.open("signup", "code"))
    assert "No more codes can be sent now." in page
    assert "data-resend" not in page


def test_unknown_outcome_is_shown_until_a_receipt_comes(visitor, lanck, phone):
    lanck.lose_answer()
    assert visitor.submit_number("signup", phone)["Location"] == url_of("signup", "code")
    page = text(visitor.open("signup", "code"))
    assert "We do not know whether your code was sent. If it arrives, type it." in page
    page = text(visitor.type_code("signup", "123456"))
    assert "We do not know yet whether your code was sent. Try again in 2 seconds." in page
    lanck.report(lanck.sent[-1], "DELIVERED")
    assert visitor.type_code("signup").status_code == 302


def test_check_without_an_answer_is_resolved_by_the_same_code(code_page, lanck):
    lanck.lose_answer()
    assert "Enter the same code again in 2 seconds." in text(code_page.type_code("signup"))
    assert code_page.type_code("signup").status_code == 302
    assert code_page.user


class TestStatus:
    def test_status_matches_the_page(self, code_page):
        page, status = text(code_page.open("signup", "code")), code_page.open("signup", "status").json()
        assert set(status) == {"state", "delivery", "version", "wait", "html"}
        assert (status["state"], status["delivery"]) == ("pending", "accepted")
        assert f'data-version="{status["version"]}"' in page
        assert f'data-url="{url_of("signup", "status")}"' in page
        assert status["wait"] in (29, 30)
        without_token = re.sub(r'value="\w{64}"', "", " ".join(status["html"].split()))
        assert without_token in re.sub(r'value="\w{64}"', "", page)

    def test_version_changes_only_with_what_is_shown(self, code_page, lanck, backdate):
        first = code_page.open("signup", "status").json()
        assert code_page.open("signup", "status").json()["version"] == first["version"]
        lanck.report(lanck.sent[-1], "UNDELIVERED")
        second = code_page.open("signup", "status").json()
        assert second["delivery"] == "UNDELIVERED"
        assert "We could not deliver the SMS." in second["html"]
        backdate(Verification.objects.get(), 30)
        third = code_page.open("signup", "status").json()
        assert third["wait"] == 0
        assert len({first["version"], second["version"], third["version"]}) == 3

    def test_status_of_an_expired_verification_is_expired(self, code_page, backdate):
        backdate(Verification.objects.get(), 601)
        assert code_page.open("signup", "status").json()["state"] == "expired"

    def test_status_makes_two_statements_and_no_writes(self, code_page):
        with CaptureQueriesContext(connection) as captured:
            code_page.open("signup", "status")
        taken = statements(captured)
        assert len(taken) == 2
        assert all(statement.startswith("SELECT") for statement in taken)

    def test_status_for_a_user_makes_three_statements(self, visitor, create_account):
        visitor.log_in(create_account())
        visitor.submit_number("change", OTHER)
        with CaptureQueriesContext(connection) as captured:
            visitor.open("change", "status")
        assert len(statements(captured)) == 3

    def test_status_in_another_browser_is_404(self, code_page, other_browser):
        assert other_browser.open("signup", "status").status_code == 404
        assert other_browser.open("change", "status").status_code == 404
        assert code_page.open("login", "status").status_code == 404

    def test_status_is_get_only_and_not_cached(self, code_page):
        assert code_page.post("signup", "status").status_code == 405
        assert "no-store" in code_page.open("signup", "status")["Cache-Control"]


def test_pages_read_only_the_session_the_verification_and_its_messages(visitor, other_browser, lanck, phone):
    visitor.submit_number("signup", phone)
    for browser, step, few in ((other_browser, "", 0), (visitor, "", 2), (visitor, "code", 2)):
        with CaptureQueriesContext(connection) as captured:
            browser.open("signup", step)
        assert len(statements(captured)) == few


@pytest.mark.parametrize("method", ["sms", "voice", "call"])
@pytest.mark.parametrize(
    "status", ["sending", "accepted", "SENT", "DELIVERED", "ANSWERED", "refused", "ODD", "REJECTED"]
)
def test_every_status_has_a_text(code_page, method, status):
    Verification.objects.update(method=method)
    Message.objects.update(status=status)
    page = text(code_page.open("signup", "code"))
    assert re.search(r'<p class="lanck-delivery lanck-(waiting|good|bad)"[^>]*>[^<]+</p>', page)
