import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_lanck.models import Message, Verification
from django_lanck.services import code_in_text
from tests.helpers import statements
from tests.web.conftest import OTHER, address, owner, text


@pytest.fixture
def waiting(visitor, phone):
    """Somebody who waits for a code by SMS."""
    visitor.give("signup", phone)
    return visitor


def test_the_page_says_what_to_do_and_what_browsers_need_to_fill_it_in(waiting):
    page = text(waiting.open("signup", "code"))
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


def test_a_flash_call_is_explained(visitor, site, lanck, phone):
    site(CODE_LENGTH=4)
    visitor.give("signup", phone, method="call")
    page = text(visitor.open("signup", "code"))
    assert "type the last 4 digits of the number that just called you." in page
    assert visitor.type("signup", f"+372 82 32 {lanck.sent[-1].code}").status_code == 302
    assert owner(phone) == visitor.user


@pytest.mark.parametrize("spelled", ["{}", " {} ", "Your code is {}.", "{}\n\n@www.example.com #{}", "Ihr Code: {}"])
def test_a_code_may_be_pasted_with_its_sentence(waiting, lanck, spelled):
    code = lanck.sent[-1].code
    assert waiting.type("signup", spelled.format(code, code)).status_code == 302
    assert waiting.user


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("123 456", "123 456"),
        ("12-34-56", "12-34-56"),
        ("1234567", "1234567"),
        ("123456 or 654321", "123456 or 654321"),
    ],
)
def test_spaced_digits_are_one_code_and_of_two_codes_none_is_guessed(typed, code):
    assert code_in_text(typed, 6) == code


def test_digits_of_any_script_are_digits(waiting, lanck):
    assert waiting.type("signup", "".join(chr(0x660 + int(digit)) for digit in lanck.sent[-1].code)).status_code == 302


def test_a_wrong_code_is_told_at_its_field_with_the_attempts_that_are_left(waiting):
    page = text(waiting.type("signup", "000000"))
    assert "This code is not right. Check the digits and try again." in page
    assert 'id="id_code_error"' in page
    assert "4 attempts left." in page
    assert "<title>Error:" in page


@pytest.mark.parametrize("typed", ["", "1" * 301, "x", "\x00", "12"])
def test_what_can_be_no_code_spends_no_attempt(waiting, typed):
    page = waiting.client.post(address("signup", "code"), {"code": typed})
    assert page.status_code == 200
    assert 'aria-invalid="true"' in text(page)
    assert Verification.objects.get().attempts == 0


def test_too_many_wrong_codes_end_it_with_a_way_on(waiting):
    for _ in range(4):
        waiting.type("signup", "000000")
    page = text(waiting.type("signup", "000000"))
    assert "Too many wrong codes" in page
    assert f'href="{address("signup")}"' in page
    assert "Too many wrong codes" in text(waiting.open("signup", "code"))
    assert "Too many wrong codes" in text(waiting.type("signup"))
    assert waiting.press("signup", "resend")["Location"] == address("signup", "code")


def test_when_the_last_attempts_are_being_asked_about_no_other_code_is_taken(waiting):
    Verification.objects.update(attempts=5)
    assert "Too many wrong codes" in text(waiting.type("signup"))
    assert "No more codes can be sent now." in text(waiting.open("signup", "code"))


def test_after_the_right_code_the_page_leads_on(waiting, site):
    site(SIGNUP_FORM="tests.web.forms.NameForm")
    waiting.type("signup")
    for response in (waiting.open("signup", "code"), waiting.type("signup"), waiting.type("signup", "x")):
        assert response["Location"] == address("signup", "finish")


def test_time_that_is_over_ends_it_with_a_way_on(waiting, backdate):
    backdate(Verification.objects.get(), 601)
    assert "Your time is up" in text(waiting.open("signup", "code"))
    assert "Your time is up" in text(waiting.type("signup"))
    assert Verification.objects.get().state == "expired"


def test_a_canceled_one_ends_too(waiting):
    Verification.objects.all().cancel()
    assert "This verification was canceled" in text(waiting.open("signup", "code"))


def test_without_a_number_there_is_no_code_to_type(visitor):
    assert visitor.open("signup", "code")["Location"] == address("signup")
    assert visitor.client.post(address("signup", "code"), {"code": "123456"})["Location"] == address("signup")
    assert visitor.press("signup", "resend")["Location"] == address("signup")
    assert visitor.press("signup", "cancel")["Location"] == address("signup")


def test_after_the_wait_another_code_is_sent(waiting, lanck, backdate):
    page = text(waiting.open("signup", "code"))
    assert re.search(r'data-wait="(30|29)" data-text="You can ask for a new code in \{time\}\.">You can ask', page)
    backdate(Verification.objects.get(), 30)
    assert 'data-wait="0"' in text(waiting.open("signup", "code"))
    assert waiting.press("signup", "resend", method="sms")["Location"] == address("signup", "code")
    assert len(lanck.sent) == 2
    page = text(waiting.open("signup", "code"))
    assert "This is a new code." in page
    assert waiting.type("signup").status_code == 302


def test_before_that_the_server_says_how_long(waiting, lanck):
    page = text(waiting.press("signup", "resend", method="sms"))
    assert re.search(r'role="alert">You can ask for a new code in (30|29) seconds\.', page)
    assert f'action="{address("signup", "code")}"' in page  # and the code can still be typed there
    assert len(lanck.sent) == 1
    assert waiting.open("signup", "resend")["Location"] == address("signup", "code")


def test_a_method_that_is_not_offered_sends_nothing(waiting, lanck, backdate):
    backdate(Verification.objects.get(), 30)
    assert "This way to get the code is not offered." in text(waiting.press("signup", "resend", method="pigeon"))
    assert len(lanck.sent) == 1


def test_the_same_way_is_offered_first_and_after_a_failure_the_others(waiting, lanck):
    page = text(waiting.open("signup", "code"))
    assert page.index("Send a new code") < page.index("Call me instead")
    lanck.report(lanck.sent[-1], "UNDELIVERED")
    page = text(waiting.open("signup", "code"))
    assert "We could not deliver the SMS." in page
    assert page.index("Call me instead") < page.index("Send a new code")


def test_the_other_way_sends_by_it(waiting, lanck, backdate):
    lanck.report(lanck.sent[-1], "UNDELIVERED")
    backdate(Verification.objects.get(), 30)
    waiting.press("signup", "resend", method="voice")
    assert lanck.sent[-1].channel == "voice"
    assert "Pick up: a voice reads a code of 6 digits to you." in text(waiting.open("signup", "code"))


def test_when_no_more_codes_are_sent_that_is_said(visitor, site, phone):
    site(RESEND_WAITS=[])
    visitor.give("signup", phone)
    page = text(visitor.open("signup", "code"))
    assert "No more codes can be sent now." in page
    assert "data-resend" not in page


def test_an_unknown_outcome_is_told_as_one(visitor, lanck, phone):
    lanck.lose_answer()
    assert visitor.give("signup", phone)["Location"] == address("signup", "code")
    page = text(visitor.open("signup", "code"))
    assert "We do not know whether your code was sent. If it arrives, type it." in page
    page = text(visitor.type("signup", "123456"))
    assert "We do not know yet whether your code was sent. Try again in 2 seconds." in page
    lanck.report(lanck.sent[-1], "DELIVERED")
    assert visitor.type("signup").status_code == 302


def test_a_lost_check_is_settled_by_the_same_code(waiting, lanck):
    lanck.lose_answer()
    assert "Enter the same code again in 2 seconds." in text(waiting.type("signup"))
    assert waiting.type("signup").status_code == 302
    assert waiting.user


class TestStatus:
    def test_it_is_what_the_page_shows(self, waiting):
        page, status = text(waiting.open("signup", "code")), waiting.open("signup", "status").json()
        assert set(status) == {"state", "delivery", "version", "wait", "html"}
        assert (status["state"], status["delivery"]) == ("pending", "accepted")
        assert f'data-version="{status["version"]}"' in page
        assert f'data-url="{address("signup", "status")}"' in page
        assert status["wait"] in (29, 30)
        without_token = re.sub(r'value="\w{64}"', "", " ".join(status["html"].split()))
        assert without_token in re.sub(r'value="\w{64}"', "", page)

    def test_its_version_changes_with_the_receipt_and_only_with_what_is_shown(self, waiting, lanck, backdate):
        first = waiting.open("signup", "status").json()
        assert waiting.open("signup", "status").json()["version"] == first["version"]
        lanck.report(lanck.sent[-1], "UNDELIVERED")
        second = waiting.open("signup", "status").json()
        assert second["delivery"] == "UNDELIVERED"
        assert "We could not deliver the SMS." in second["html"]
        backdate(Verification.objects.get(), 30)
        third = waiting.open("signup", "status").json()
        assert third["wait"] == 0
        assert len({first["version"], second["version"], third["version"]}) == 3

    def test_it_ends_with_the_verification(self, waiting, backdate):
        backdate(Verification.objects.get(), 601)
        assert waiting.open("signup", "status").json()["state"] == "expired"

    def test_it_takes_two_statements_and_writes_nothing(self, waiting):
        with CaptureQueriesContext(connection) as captured:
            waiting.open("signup", "status")
        taken = statements(captured)
        assert len(taken) == 2
        assert all(statement.startswith("SELECT") for statement in taken)

    def test_for_a_member_three(self, visitor, account):
        visitor.log_in(account())
        visitor.give("change", OTHER)
        with CaptureQueriesContext(connection) as captured:
            visitor.open("change", "status")
        assert len(statements(captured)) == 3

    def test_for_any_other_browser_there_is_none(self, waiting, stranger):
        assert stranger.open("signup", "status").status_code == 404
        assert stranger.open("change", "status").status_code == 404
        assert waiting.open("login", "status").status_code == 404

    def test_it_is_not_posted_to_and_not_kept_by_caches(self, waiting):
        assert waiting.press("signup", "status").status_code == 405
        assert "no-store" in waiting.open("signup", "status")["Cache-Control"]


def test_looking_at_a_page_takes_few_statements(visitor, stranger, lanck, phone):
    """The session is read, and the verification with its messages."""
    visitor.give("signup", phone)
    for browser, step, few in ((stranger, "", 0), (visitor, "", 2), (visitor, "code", 2)):
        with CaptureQueriesContext(connection) as captured:
            browser.open("signup", step)
        assert len(statements(captured)) == few


@pytest.mark.parametrize("method", ["sms", "voice", "call"])
@pytest.mark.parametrize(
    "status", ["sending", "accepted", "SENT", "DELIVERED", "ANSWERED", "refused", "ODD", "REJECTED"]
)
def test_every_delivery_has_its_words(waiting, method, status):
    Verification.objects.update(method=method)
    Message.objects.update(status=status)
    page = text(waiting.open("signup", "code"))
    assert re.search(r'<p class="lanck-delivery lanck-(waiting|good|bad)"[^>]*>[^<]+</p>', page)
