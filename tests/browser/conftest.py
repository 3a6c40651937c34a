"""Chromium in front of the demo site, whose LANCK is the sandbox inside it."""

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
        _missing(f"there is no Chromium at {path}; install it, or set CHROMIUM to where it is")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _missing("Playwright is not installed; it is in the dependency group browser")
    with pytest.MonkeyPatch.context() as patch:
        # Playwright runs an event loop in the test's thread, and Django takes that for asynchronous code.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
            yield browser
            browser.close()


def _missing(what: str) -> NoReturn:
    """Where nobody reads why a test was skipped, a browser that is missing is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(what, pytrace=False)
    pytest.skip(what)


@pytest.fixture
def site(live_server, settings) -> Iterator[str]:
    """The address of the demo."""
    from django_lanck.sandbox.provider import receipts

    settings.LANCK = {
        "ACCESS_TOKEN": "sandbox:sandbox",
        "BASE_URL": f"{live_server.url}/sandbox/v1",
        "CALLBACK_BASE_URL": live_server.url,
        "INBOUND_SECRETS": ["secret-of-the-inbound-url"],
        "WATCH": ["ladder"],  # one person tries one number several times
    }
    settings.LANCK_SANDBOX = {
        "ALLOW_WITHOUT_DEBUG": True,
        "RECEIPT_DELAY": 0.2,
        "INBOUND_URL": f"{live_server.url}/lanck/inbound/secret-of-the-inbound-url/",
    }
    yield live_server.url
    # What is still to be reported would meet the emptying of the tables.
    receipts.clear()
    receipts.wait()


@pytest.fixture
def width() -> int:
    return 1280


@pytest.fixture
def options() -> dict[str, Any]:
    """What is special about a person's browser, as Playwright's ``new_context`` takes it."""
    return {}


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complains about. What a test expects of it, it takes out."""
    return []


@pytest.fixture
def context(
    chromium: Browser, site: str, width: int, options: dict[str, Any], complaints: list[str]
) -> Iterator[BrowserContext]:
    """A person's browser. Whatever a page complains about fails the test: errors, and what the CSP forbids."""
    usual = {"viewport": {"width": width, "height": 800}, "locale": "en-US", "reduced_motion": "reduce"}
    context = chromium.new_context(base_url=site, **{**usual, **options})
    context.set_default_timeout(10_000)
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    context.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    yield context
    context.close()
    assert complaints == []


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def screenshot(request):
    """Keep what a page looks like, under the name of the test."""
    SCREENSHOTS.mkdir(exist_ok=True)

    def shoot(page: Page, name: str) -> None:
        test = request.node.originalname.removeprefix("test_")
        width = page.viewport_size["width"]
        page.screenshot(path=SCREENSHOTS / f"{test}-{width}-{name}.png", full_page=True)
        too_wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert too_wide <= 0, f"{name} is {too_wide}px too wide at {width}px"

    return shoot
