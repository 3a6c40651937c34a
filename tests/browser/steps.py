"""What a person does on the ready pages, in whatever language they are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django_lanck.sandbox.models import SandboxMessage

if TYPE_CHECKING:
    from playwright.sync_api import Page

NO_SMS = "+12045550104"  # a magic number of the sandbox's: calls arrive, SMS do not


def see(page: Page, text: str | re.Pattern[str]) -> None:
    page.get_by_text(text).first.wait_for()


def press(page: Page) -> None:
    """The button of the page's form."""
    page.locator(".lanck-form .lanck-button").click()


def ask_for_code(page: Page, number: str, method: str = "sms", flow: str = "signup") -> None:
    """The first page, up to the one on which the code is typed."""
    page.goto(f"/account/phone/{flow}/")
    page.locator("[name=number]").fill(number)
    if page.locator("[type=radio]").count():
        page.locator(f"[name=method][value={method}]").check()
    press(page)
    page.wait_for_url(f"**/account/phone/{flow}/code/")


def code_on(number: str) -> str:
    """The newest code that came to a phone."""
    message = SandboxMessage.objects.filter(number=number).latest("pk")
    return message.code or re.findall(r"\d{6}", message.text)[0]


def type_code(page: Page, code: str) -> None:
    """Digit by digit; the last one sends it."""
    field = page.locator("[name=code]")
    field.fill("")
    field.press_sequentially(code)


def sign_up(page: Page, number: str) -> None:
    ask_for_code(page, number)
    type_code(page, code_on(number))
    page.wait_for_url("/")
