"""The field of the number and the combobox of countries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from django_lanck.models import Verification

from .steps import submit

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def number(page: Page) -> Locator:
    page.goto("/account/phone/signup/")
    return page.get_by_label("Phone number")


@pytest.fixture
def country(page: Page, number: Locator) -> Locator:
    return page.get_by_role("combobox", name="Country")


def chosen(page: Page) -> str:
    """Return the country that the form submits."""
    return page.locator("select[name=country]").evaluate("select => select.value")


def paste(field: Locator, text: str) -> None:
    field.focus()
    field.evaluate(
        """(field, text) => {
            const data = new DataTransfer();
            data.setData("text", text);
            const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
            if (field.dispatchEvent(event)) document.execCommand("insertText", false, text);
        }""",
        text,
    )


def caret(field: Locator) -> int:
    return field.evaluate("field => field.selectionStart")


def put_caret(field: Locator, at: int) -> None:
    field.evaluate("(field, at) => field.setSelectionRange(at, at)", at)


# Typing


@pytest.mark.parametrize(
    ("typed", "shown", "region"),
    [
        ("2015550123", "(201) 555-0123", "US"),
        ("201-555 0123", "(201) 555-0123", "US"),
        ("٢٠١٥٥٥٠١٢٣", "(201) 555-0123", "US"),
        ("२०१५५५०१२३", "(201) 555-0123", "US"),
        ("+442079460123", "+44 20 7946 0123", "GB"),
        ("+77012345678", "+7 701 234 5678", "KZ"),
        ("+12423591234", "+1 242 359 1234", "BS"),
        ("+1204", "+1 204", "US"),
    ],
)
def test_typed_number_is_formatted_as_its_country_writes_it(page, number, typed, shown, region):
    number.press_sequentially(typed)
    assert number.input_value() == shown
    assert chosen(page) == region


def test_international_number_becomes_national_when_the_field_loses_focus(page, number, country):
    number.press_sequentially("+442079460123")
    number.blur()
    assert number.input_value() == "020 7946 0123"
    assert country.input_value() == "United Kingdom"


def test_chosen_country_is_kept_for_a_code_that_it_shares(page, number, country):
    country.fill("canada")
    country.press("Enter")
    number.press_sequentially("+1204")
    assert chosen(page) == "CA"


def test_formatting_keeps_the_caret(number):
    number.press_sequentially("2015550123")
    put_caret(number, 7)  # (201) 5|55-0123
    number.press("9")
    assert "".join(filter(str.isdigit, number.input_value())) == "20159550123"
    assert number.input_value()[caret(number) - 1] == "9"
    number.press("Backspace")
    assert number.input_value() == "(201) 555-0123"
    assert caret(number) == 7


@pytest.mark.parametrize(("at", "key"), [(5, "Backspace"), (4, "Delete")])
def test_deleting_a_separator_deletes_the_digit_beside_it(number, at, key):
    number.press_sequentially("2015550123")
    put_caret(number, at)  # (201|) or (201)|
    number.press(key)
    left = {"Backspace": "205550123", "Delete": "201550123"}[key]
    assert "".join(filter(str.isdigit, number.input_value())) == left


# Pasting


@pytest.mark.parametrize(
    ("text", "shown", "region"),
    [
        ("+1 (201) 555-0123", "(201) 555-0123", "US"),
        ("tel:+1-201-555-0123", "(201) 555-0123", "US"),
        ("201.555.0123 ext. 7", "(201) 555-0123", "US"),
        ("Call me: +44 (0)20 7946 0123", "020 7946 0123", "GB"),
        ("0044 20 7946 0123", "020 7946 0123", "GB"),
        ("+٤٤ ٢٠ ٧٩٤٦ ٠١٢٣", "020 7946 0123", "GB"),
        ("\u202a+1 204 555 0123\u202c", "(204) 555-0123", "CA"),
        ("555 0123", "(555) 012-3", "US"),
    ],
)
def test_pasted_number_is_parsed_in_any_format(page, number, text, shown, region):
    paste(number, text)
    assert number.input_value() == shown
    assert chosen(page) == region


def test_number_of_a_country_that_is_not_offered_stays_international(page, settings):
    settings.LANCK = {**settings.LANCK, "COUNTRIES": ["US"]}
    page.goto("/account/phone/signup/")
    number = page.get_by_label("Phone number")
    paste(number, "+44 20 7946 0123")
    assert number.input_value() == "+44 20 7946 0123"


def test_code_is_sent_to_the_displayed_number(page, number):
    paste(number, "+1 204 555 0123")
    assert (number.input_value(), chosen(page)) == ("(204) 555-0123", "CA")
    submit(page)
    page.wait_for_url("**/code/")
    assert Verification.objects.get().number == "+12045550123"


# Choosing a country


def options(page: Page) -> list[str]:
    return [text.split("\n")[0] for text in page.get_by_role("option").all_inner_texts()]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("germ", "Germany"),
        ("49", "Germany"),
        ("+49", "Germany"),
        ("de", "Germany"),
        ("cote", "Côte d’Ivoire"),
        ("+1", "United States"),
        ("kingdom", "United Kingdom"),
    ],
)
def test_country_is_found_by_name_dialling_code_or_iso_code(page, country, query, first):
    country.click()
    country.fill(query)
    assert options(page)[0] == first
    country.press("Enter")
    assert country.input_value() == first
    assert country.get_attribute("aria-expanded") == "false"
    assert page.get_by_role("option").count() == 0


def test_query_without_a_match_is_reported(page, country):
    country.click()
    country.fill("atlantis")
    page.get_by_role("status").get_by_text("No country has this name or code.").wait_for()
    country.press("Escape")
    assert country.input_value() == "United States"
    assert chosen(page) == "US"


def test_keyboard_moves_through_the_list(page, number, country):
    def active() -> str:
        return page.locator(f"#{country.get_attribute('aria-activedescendant')}").inner_text().split("\n")[0]

    country.focus()
    country.press("ArrowDown")
    assert active() == "United States"
    assert page.get_by_role("option", selected=True).inner_text().startswith("United States")
    country.press("Home")
    assert active() == options(page)[0]
    country.press("ArrowUp")
    assert active() == options(page)[-1]
    country.press("ArrowDown")
    country.press("PageDown")
    assert active() == options(page)[8]
    country.press("End")
    assert active() == options(page)[-1]
    country.press("Escape")
    assert country.get_attribute("aria-expanded") == "false"
    assert country.get_attribute("aria-activedescendant") is None
    assert chosen(page) == "US"


def test_tab_chooses_the_active_country(page, number, country):
    country.focus()
    country.press_sequentially("franc")
    country.press("Tab")
    assert chosen(page) == "FR"
    number.press_sequentially("0612345678")
    assert number.input_value() == "06 12 34 56 78"


def test_click_outside_keeps_the_country(page, number, country):
    country.click()
    country.fill("france")
    page.get_by_role("heading").first.click()
    assert (chosen(page), country.input_value()) == ("US", "United States")


def test_choosing_another_country_makes_the_number_national(page, number, country):
    number.press_sequentially("+33612345678")
    country.click()
    page.get_by_role("option", name="Belgium").click()
    assert chosen(page) == "BE"
    assert not number.input_value().startswith("+")


@pytest.mark.parametrize(("locale", "region"), [("de-AT", "AT"), ("fr", "FR"), ("ar-EG", "EG")])
def test_country_of_the_browser_language_is_chosen(chromium, site, locale, region):
    context = chromium.new_context(base_url=site, locale=locale)
    page = context.new_page()
    page.goto("/account/phone/signup/")
    assert chosen(page) == region
    context.close()
