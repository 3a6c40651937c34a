"""Fixtures for browser tests: Chromium, and the demo site with its sandbox."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

SCREENSHOTS = Path(__file__).resolve().parent.parent / "screenshots"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
    if not Path(path).exists():
        _fail_or_skip(f"There is no Chromium at {path}. Install it, or set CHROMIUM to its path.")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _fail_or_skip("Playwright is not installed. It is in the dependency group browser.")
    with pytest.MonkeyPatch.context() as patch:
        # Playwright runs an event loop in the test's thread, which Django takes for asynchronous code.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
            yield browser
            browser.close()


def _fail_or_skip(reason: str) -> NoReturn:
    """Fail in CI, skip elsewhere."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture
def site(live_server, settings) -> Iterator[str]:
    """The origin of the demo site."""
    from django_lanck.sandbox.provider import receipts

    settings.LANCK = {
        "ACCESS_TOKEN": "sandbox:sandbox",
        "BASE_URL": f"{live_server.url}/sandbox/v1",
        "CALLBACK_BASE_URL": live_server.url,
        "INBOUND_SECRETS": ["secret-of-the-inbound-url"],
        "WATCH": ["ladder"],  # the tests send several codes to one number
    }
    settings.LANCK_SANDBOX = {
        "ALLOW_WITHOUT_DEBUG": True,
        "RECEIPT_DELAY": 0.2,
        "INBOUND_URL": f"{live_server.url}/lanck/inbound/secret-of-the-inbound-url/",
    }
    yield live_server.url
    # A pending receipt would be posted while the tables are emptied.
    receipts.clear()
    receipts.wait()


@pytest.fixture
def width() -> int:
    return 1280


@pytest.fixture
def options() -> dict[str, Any]:
    """Options of Playwright's ``new_context``, to be overridden by parameters."""
    return {}


@pytest.fixture
def browser_errors() -> list[str]:
    """The errors that the browser reports. A test removes those that it expects."""
    return []


@pytest.fixture
def context(
    chromium: Browser, site: str, width: int, options: dict[str, Any], browser_errors: list[str]
) -> Iterator[BrowserContext]:
    """A browser context. Errors of scripts and violations of the CSP fail the test."""
    defaults = {"viewport": {"width": width, "height": 800}, "locale": "en-US", "reduced_motion": "reduce"}
    context = chromium.new_context(base_url=site, **{**defaults, **options})
    context.set_default_timeout(10_000)
    context.on("weberror", lambda error: browser_errors.append(str(error.error)))
    context.on("console", lambda line: browser_errors.append(line.text) if line.type == "error" else None)
    yield context
    context.close()
    assert browser_errors == []


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def screenshot(request):
    """Store a screenshot of a page, and check that the page fits its width: ``screenshot(page, name)``."""
    SCREENSHOTS.mkdir(exist_ok=True)

    def take(page: Page, name: str) -> None:
        test = request.node.originalname.removeprefix("test_")
        width = page.viewport_size["width"]
        page.screenshot(path=SCREENSHOTS / f"{test}-{width}-{name}.png", full_page=True)
        too_wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert too_wide <= 0, f"{name} is {too_wide}px too wide at {width}px"

    return take
