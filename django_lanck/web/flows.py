"""What the pages are for. One flow for each purpose: a number, a code, and what its proof buys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Flow:
    """The pages for one purpose: the words on them, and who may open them.

    ``name`` is in their addresses and the names of these. ``needs_login`` is for people who are logged in, and with
    ``needs_recent`` those who showed lately who they are.
    """

    name: str
    purpose: str
    title: Promise
    lead: Promise
    button: Promise
    needs_login: bool = False
    needs_recent: bool = False

    def url(self, step: str = "") -> str:
        """The address of a step: none for the number, ``code``, ``status``, ``resend``, ``cancel``, ``finish``."""
        return reverse(f"lanck_web:{self.name}-{step}" if step else f"lanck_web:{self.name}")

    def url_from(self, asked: str) -> str:
        """Where the flow begins for somebody who asked for another page; empty for none."""
        return f"{self.url()}?{urlencode({'next': asked})}" if asked else self.url()


SIGNUP: Final = Flow(
    "signup",
    "signup",
    title=_("Sign up with your phone"),
    lead=_("We send you a code to see that the number is yours."),
    button=_("Sign up"),
)
LOGIN: Final = Flow(
    "login",
    "login",
    title=_("Log in with your phone"),
    lead=_("We send a code to your number."),
    button=_("Log in"),
)
CHANGE: Final = Flow(
    "change",
    "change_number",
    title=_("Your phone number"),
    lead=_("We send a code to the new number to see that it is yours."),
    button=_("Use this number"),
    needs_login=True,
    needs_recent=True,
)
CONFIRM: Final = Flow(
    "confirm",
    "confirm",
    title=_("Confirm that it is you"),
    lead=_("This protects your account. It takes a moment."),
    button=_("Confirm"),
    needs_login=True,
)
