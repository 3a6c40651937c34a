import re

import pytest
from django.utils import translation

from django_lanck.exceptions import Refusal
from django_lanck.models import Verification
from django_lanck.services import number_in_text
from django_lanck.web.countries import countries
from tests.web.conftest import OTHER, text, url_of


def options(page):
    return re.findall(r'<option value="(\w*)"( selected)?(?: data-code="(\d*)")?( selected)?', text(page))


def chosen(page):
    return [region for region, before, _, after in options(page) if region and (before or after)]


@pytest.mark.parametrize(
    ("country", "typed", "number"),
    [
        ("US", "(201) 555-0123", "+12015550123"),
        ("US", "2015550123", "+12015550123"),
        ("US", "+12015550123", "+12015550123"),
        ("GB", "+1 201 555 0123", "+12015550123"),
        ("", "001 201 555 0123", "+12015550123"),
        ("US", "tel:+1-201-555-0123", "+12015550123"),
        ("US", "My number is +1 201 555 0123.", "+12015550123"),
        ("US", "call (201) 555-0123 please", "+12015550123"),
        ("US", "+١ ٢٠١ ٥٥٥ ٠١٢٣", "+12015550123"),
        ("US", "۲۰۱۵۵۵۰۱۲۳", "+12015550123"),
        ("GB", "020 7946 0958", "+442079460958"),
        ("GB", "+44 (0)20 7946 0958", "+442079460958"),
        ("GB", "0044 20 7946 0958", "+442079460958"),
        ("DE", "030 1234567", "+49301234567"),
        ("US", "201 555 0123 ext. 7", "+12015550123"),
    ],
)
def test_number_is_parsed_in_any_format(visitor, lanck, country, typed, number):
    response = visitor.submit_number("signup", typed, country=country, method="voice")
    assert response["Location"] == url_of("signup", "code")
    assert lanck.sent[-1].number == number


@pytest.mark.parametrize(
    ("country", "typed", "error"),
    [
        ("US", "", "Enter your phone number."),
        ("US", "12", "Enter a valid phone number."),
        ("", "201 555 0123", "Enter a valid phone number, with its country code."),
        ("US", "+1 201 555 0123 or +1 201 555 0124", "Enter a valid phone number."),
        ("US", "hello", "Enter a valid phone number."),
        ("US", "2" * 301, "Enter a valid phone number."),
        ("US", "\ud800", "Enter a valid phone number."),
    ],
)
def test_invalid_number_is_an_error_of_its_field(visitor, lanck, country, typed, error):
    page = text(visitor.submit_number("signup", typed.encode("utf-8", "replace"), country=country))
    assert f'<p class="lanck-error">{error}</p>' in page
    assert re.search(r'<input type="tel"[^>]*aria-invalid="true"[^>]*aria-describedby="id_number_error"', page)
    assert 'id="id_number_error"' in page
    assert "<title>Error:" in page
    assert not lanck.sent


def test_text_with_several_numbers_is_refused():
    with pytest.raises(Refusal):
        number_in_text("201 555 0123 / 201 555 0124", region="US")
    assert number_in_text("201 555 0123, I repeat, +1 201 555 0123", region="US").as_e164 == "+12015550123"


def test_all_countries_with_phone_numbers_are_offered_with_their_codes(visitor):
    page = visitor.open("signup")
    assert len(options(page)) == len(countries(None)) + 1 > 240
    assert ("GB", "44") in [(region, code) for region, _, code, _ in options(page)]
    assert "United Kingdom (\u200e+44)" in text(page)


def test_countries_are_named_and_sorted_in_the_active_language():
    with translation.override("de"):
        names = [country.name for country in countries(None)]
    assert "Vereinigtes Königreich" in names
    assert names.index("Österreich") - names.index("Oman") == 1
    with translation.override("pt-br"):
        assert "Alemanha" in [country.name for country in countries(None)]
    with translation.override("xx-unknown"):
        assert "Germany" in [country.name for country in countries(None)]


def test_only_allowed_countries_are_offered(visitor, lanck_settings, lanck):
    lanck_settings(COUNTRIES=["DE", "AT"])
    page = visitor.open("signup")
    assert [region for region, *_ in options(page)] == ["", "AT", "DE"]
    assert "This number is not supported." in text(visitor.submit_number("signup", OTHER, country="DE"))
    assert "aria-invalid" in text(visitor.submit_number("signup", OTHER, country="US"))
    assert not lanck.sent


def test_only_country_is_preselected(visitor, lanck_settings):
    lanck_settings(COUNTRIES=["DE"])
    assert [region for region, *_ in options(visitor.open("signup"))] == ["DE"]


@pytest.mark.parametrize(
    ("languages", "country"),
    [
        ("en-GB,en;q=0.9", ["GB"]),
        ("en;q=0.9,de-AT", ["AT"]),
        ("fr", ["FR"]),
        ("zh-Hant-TW", ["TW"]),
        ("ar", ["EG"]),
        ("", []),
        ("*", []),
        ("xx", []),
        ("en-ZZ", ["US"]),
        ("x" * 600, []),
    ],
)
def test_country_is_preselected_from_accept_language(visitor, languages, country):
    page = visitor.client.get(url_of("signup"), headers={"accept-language": languages})
    assert chosen(page) == country


def test_country_is_preselected_from_the_users_number(visitor, create_account):
    visitor.log_in(create_account("+447400123456"))
    page = visitor.client.get(url_of("change"), headers={"accept-language": "de"})
    assert chosen(page) == ["GB"]


def test_country_that_is_not_offered_is_not_preselected(visitor, lanck_settings):
    lanck_settings(COUNTRIES=["DE", "AT"])
    assert chosen(visitor.client.get(url_of("signup"), headers={"accept-language": "en-GB"})) == []


def test_number_page_after_a_cancel_shows_the_previous_number(visitor):
    visitor.submit_number("signup", "020 7946 0958", country="GB", method="voice")
    assert visitor.post("signup", "cancel")["Location"] == url_of("signup")
    assert Verification.objects.get().state == "canceled"
    page = visitor.open("signup")
    assert chosen(page) == ["GB"]
    assert 'value="+44 20 7946 0958"' in text(page)


def test_number_page_links_to_a_pending_code(visitor, phone):
    visitor.submit_number("signup", phone)
    page = text(visitor.open("signup"))
    assert "We sent a code to <bdi>+1201•••0123</bdi>." in page
    assert f'href="{url_of("signup", "code")}"' in page


def test_methods_are_offered_with_their_texts(visitor, lanck, phone):
    page = text(visitor.open("signup"))
    for words in ("Text message", "Voice call", "Missed call", "The code is the end of the number that called you."):
        assert words in page
    visitor.submit_number("signup", phone, method="call")
    assert lanck.sent[-1].channel == "call"


def test_first_method_is_the_default_and_a_single_one_is_hidden(visitor, lanck_settings, lanck, phone):
    visitor.submit_number("signup", phone)
    assert lanck.sent[-1].channel == "sms"
    lanck_settings(METHODS=["voice"])
    assert "How should the code reach you?" not in text(visitor.open("signup"))
    visitor.submit_number("signup", phone)
    assert lanck.sent[-1].channel == "voice"


def test_method_that_is_not_offered_is_an_error_of_its_field(visitor, lanck, phone):
    page = text(visitor.open("login"))
    assert "Missed call" not in page
    page = text(visitor.submit_number("login", phone, method="call"))
    assert "This way to get the code is not offered." in page
    assert 'id="id_method_error"' in page
    assert not lanck.sent


def test_channels_are_offered_for_codes_of_the_site(visitor, lanck_settings, lanck, phone):
    lanck_settings(CODE_SOURCE="site", CHANNELS=["viber", "push"])
    page = text(visitor.open("signup"))
    assert "Viber" in page
    assert "Text message" not in page
    visitor.submit_number("signup", phone, method="push")
    assert lanck.sent[-1].channel == "push"


def test_refused_start_shows_the_time_to_wait(visitor, other_browser, enable_limits, phone):
    enable_limits(LIMITS={"number": ["1/hour"]}, RESEND_WAITS=[])
    visitor.submit_number("signup", phone)
    assert "Too many requests. Try again in 1 hour." in text(other_browser.submit_number("signup", phone))


def test_refusal_of_the_guard_is_an_error_of_the_form(visitor, lanck_settings, phone):
    lanck_settings(GUARD="tests.web.guard.refuse")
    page = text(visitor.submit_number("signup", phone))
    words = "Solve the riddle first. Try again in 1 minute 30 seconds."
    assert f'<div class="lanck-errors" role="alert"><p class="lanck-error">{words}</p></div>' in page


def test_refused_start_creates_no_session(visitor, lanck, phone):
    lanck.refuse(6)
    page = visitor.submit_number("signup", phone)
    assert "We cannot send or check codes at the moment." in text(page)
    assert "sessionid" not in page.cookies


def test_opening_a_page_creates_no_session(visitor):
    for flow in ("signup", "login"):
        assert "sessionid" not in visitor.open(flow, next="/members/").cookies
