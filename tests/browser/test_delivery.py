"""The dashboard with 90 days of generated traffic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from django_lanck.models import LimitCounter, Message

from .conftest import SCREENSHOTS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGE = "/admin/lanck/deliveryday/"
CSP = "default-src 'self'; style-src 'self'; script-src 'self'; img-src 'self' data:"
# Name of the screenshot → options of the browser context.
LOOKS: dict[str, dict[str, Any]] = {
    "wide": {},
    "narrow": {"viewport": {"width": 390, "height": 844}},
    "dark": {"color_scheme": "dark"},
    "right-to-left": {"locale": "ar"},
    "narrow-right-to-left": {"locale": "ar", "viewport": {"width": 390, "height": 844}},
    "forced-colours": {"forced_colors": "active"},
}


@pytest.fixture
def traffic(site: str, settings) -> None:
    settings.ORIGIN = site
    settings.LANCK = {**settings.LANCK, "CONVERSION": {"prefix": (20, 10)}}
    call_command("demo_data", messages=6000, verbosity=0)


def log_in(context: BrowserContext, site: str) -> None:
    client = Client()
    client.force_login(User.objects.get_or_create(username="staff", is_staff=True, is_superuser=True)[0])
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site}])


@pytest.fixture
def staff(context: BrowserContext, site: str) -> Page:
    """A page of a superuser, with a CSP that allows nothing inline on the dashboard."""
    log_in(context, site)
    page = context.new_page()
    page.route(lambda url: url.partition("?")[0].endswith(PAGE), with_csp)
    return page


def with_csp(route: Any) -> None:
    answer = route.fetch(max_redirects=0)
    route.fulfill(response=answer, headers={**answer.headers, "content-security-policy": CSP})


def check_page(page: Page, name: str) -> None:
    """Store a screenshot, and check the page's width and its accessibility."""
    from axe_playwright_python.sync_playwright import Axe

    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"delivery-{name}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, name
    found = Axe().run(page, context=["#content"])
    assert found.violations_count == 0, f"{name}: {found.generate_report()}"


def test_looks_of_90_days(chromium: Browser, site: str, traffic):
    for name, options in LOOKS.items():
        defaults = {"base_url": site, "viewport": {"width": 1280, "height": 900}, "locale": "en-US"}
        context = chromium.new_context(**{**defaults, **options})
        log_in(context, site)
        page = context.new_page()
        page.goto(f"{PAGE}?days=90")
        page.locator(".lanck-latest tbody tr").first.wait_for()
        assert page.locator(".lanck-chart svg").count() == 3
        assert page.locator("#lanck-verifications-heading ~ .lanck-chart .lanck-column").count() == 90
        assert page.locator(".lanck-days").get_attribute("open") is None
        page.locator(".lanck-days summary").click()
        assert page.locator(".lanck-days tbody tr").count() == 90
        page.locator(".lanck-days summary").click()
        check_page(page, name)
        context.close()


@pytest.mark.parametrize("options", [{"locale": "de", "viewport": {"width": 320, "height": 640}}])
def test_long_german_words_fit_a_narrow_screen(staff: Page, traffic):
    staff.goto(f"{PAGE}?days=30")
    staff.get_by_text("Prozentpunkt").first.wait_for()
    check_page(staff, "narrow-long-words")


@pytest.mark.parametrize("options", [{"locale": "de"}, {"locale": "ru"}])
def test_tables_with_long_words_fit_beside_the_navigation(staff: Page, traffic):
    staff.goto(f"{PAGE}?days=30")
    staff.locator(".lanck-days summary").click()
    hidden = "every => every.map(each => each.scrollWidth - each.clientWidth)"
    assert set(staff.locator(".lanck-scroll:has(.lanck-rows)").evaluate_all(hidden)) == {0}


def test_empty_period_links_to_a_longer_one(staff: Page):
    staff.goto(PAGE)
    staff.get_by_text("Nothing was sent in this period.").wait_for()
    check_page(staff, "empty")
    staff.get_by_role("link", name="Show 90 days").click()
    staff.wait_for_url("**?days=90")


def test_print_has_figures_and_no_controls(staff: Page, traffic):
    staff.goto(f"{PAGE}?days=30&country=ES")
    staff.emulate_media(media="print")
    check_page(staff, "print")
    for hidden in ("#header", "#nav-sidebar", ".lanck-selection", ".lanck-tools", ".lanck-latest"):
        assert not staff.locator(hidden).first.is_visible(), hidden
    assert staff.locator(".lanck-days tbody tr").first.is_visible()
    assert staff.locator(".lanck-print").first.is_visible()
    assert "Country: ES" in staff.locator(".lanck-print").inner_text()


def test_filtered_figure_links_to_its_messages(staff: Page, traffic):
    staff.goto(PAGE)
    staff.get_by_role("link", name="30 days").click()
    staff.get_by_label("Country").select_option("ES")
    staff.get_by_role("button", name="Show").click()
    staff.wait_for_url("**?days=30&purpose=&channel=&country=ES&mccmnc=")
    figure = staff.locator("dt:has-text('Unsettled') + dd .lanck-figure")
    count = int(figure.inner_text())
    figure.click()
    staff.wait_for_url("**/message/**")
    assert staff.locator("#result_list tbody tr").count() == min(count, 50)


def test_prefix_is_paused_and_resumed_by_buttons(staff: Page, traffic):
    staff.goto(PAGE)
    row = staff.locator("[aria-labelledby=lanck-prefixes-heading] tr", has_text="+35320914")
    row.get_by_role("button", name="Pause").click()
    staff.get_by_text("+35320914 gets no codes until").wait_for()
    assert LimitCounter.objects.filter(label="+35320914", not_before__gt=timezone.now()).exists()
    row.get_by_role("button", name="Lift the pause").click()
    staff.get_by_text("+35320914 gets codes again.").wait_for()
    assert row.count() == 0


def test_table_is_downloaded_as_csv(staff: Page, traffic):
    staff.goto(f"{PAGE}?days=7")
    with staff.expect_download() as download:
        staff.locator("[aria-labelledby=lanck-countries-heading]").get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename.startswith("delivery-countries-")
    assert "US," in download.value.path().read_text(encoding="utf-8-sig")


def test_latest_messages_are_polled_until_stopped_or_hidden(staff: Page, phone):
    def send(network: str) -> None:
        Message.objects.create(channel="sms", number=phone, network=network)

    def see(network: str) -> None:
        staff.locator(".lanck-latest").get_by_text(network).wait_for()

    staff.clock.install()
    send("First Mobile")
    staff.goto(PAGE)
    see("First Mobile")
    send("Second Mobile")
    staff.clock.run_for(5_000)
    see("Second Mobile")

    polls: list[str] = []
    staff.on("request", lambda request: polls.append(request.url) if "latest" in request.url else None)
    staff.get_by_role("button", name="Stop").click()
    send("Third Mobile")
    staff.clock.run_for(60_000)
    assert polls == []
    staff.get_by_role("button", name="Resume").click()
    see("Third Mobile")

    polls.clear()
    hide(staff, True)
    staff.clock.run_for(60_000)
    assert polls == []
    send("Fourth Mobile")
    hide(staff, False)
    see("Fourth Mobile")
    assert phone.removeprefix("+") not in "".join(polls)


def hide(page: Page, hidden: bool) -> None:
    """Hide or show the page, as a change of the tab does."""
    page.evaluate(
        "hidden => { Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});"
        " document.dispatchEvent(new Event('visibilitychange')); }",
        hidden,
    )
