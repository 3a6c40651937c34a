"""Steps of a person on the ready pages, independent of the language."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django_lanck.sandbox.models import SandboxMessage

if TYPE_CHECKING:
    from playwright.sync_api import Page

NO_SMS = "+12045550104"  # a magic number of the sandbox: calls are delivered, SMS are not


def see(page: Page, text: str | re.Pattern[str]) -> None:
    """Wait until the page shows the text."""
    page.get_by_text(text).first.wait_for()


def submit(page: Page) -> None:
    """Click the button of the page's form."""
    page.locator(".lanck-form .lanck-button").click()


def ask_for_code(page: Page, number: str, method: str = "sms", flow: str = "signup") -> None:
    """Submit the first page of a flow; the page with the code follows."""
    page.goto(f"/account/phone/{flow}/")
    page.locator("[name=number]").fill(number)
    if page.locator("[type=radio]").count():
        page.locator(f"[name=method][value={method}]").check()
    submit(page)
    page.wait_for_url(f"**/account/phone/{flow}/code/")


def code_of(number: str) -> str:
    """Return the newest code that was delivered to a number."""
    message = SandboxMessage.objects.filter(number=number).latest("pk")
    return message.code or re.findall(r"\d{6}", message.text)[0]


def type_code(page: Page, code: str) -> None:
    """Type the code digit by digit. The form is submitted with the last one."""
    field = page.locator("[name=code]")
    field.fill("")
    field.press_sequentially(code)


def sign_up(page: Page, number: str) -> None:
    ask_for_code(page, number)
    type_code(page, code_of(number))
    page.wait_for_url("/")
