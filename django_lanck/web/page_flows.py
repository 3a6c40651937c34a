"""The page flows: one for each purpose, with its texts and its conditions of access."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class PageFlow:
    """A sequence of pages for one purpose.

    ``name`` is part of its URLs and of their names. ``needs_login``: the user has to be logged in; ``needs_recent``:
    recently authenticated too.
    """

    name: str
    purpose: str
    title: Promise
    lead: Promise
    button: Promise
    needs_login: bool = False
    needs_recent: bool = False

    def url(self, step: str = "") -> str:
        """Return the URL of a step (``code``, ``status``, ``resend``, ``cancel``, ``finish``), or of the first page."""
        return reverse(f"lanck_web:{self.name}-{step}" if step else f"lanck_web:{self.name}")

    def url_with_next(self, next_url: str) -> str:
        """Return the URL of the first page, which leads to ``next_url`` at the end; empty for the default."""
        return f"{self.url()}?{urlencode({'next': next_url})}" if next_url else self.url()


SIGNUP: Final = PageFlow(
    "signup",
    "signup",
    title=_("Sign up with your phone"),
    lead=_("We send you a code to see that the number is yours."),
    button=_("Sign up"),
)
LOGIN: Final = PageFlow(
    "login",
    "login",
    title=_("Log in with your phone"),
    lead=_("We send a code to your number."),
    button=_("Log in"),
)
CHANGE: Final = PageFlow(
    "change",
    "change_number",
    title=_("Your phone number"),
    lead=_("We send a code to the new number to see that it is yours."),
    button=_("Use this number"),
    needs_login=True,
    needs_recent=True,
)
CONFIRM: Final = PageFlow(
    "confirm",
    "confirm",
    title=_("Confirm that it is you"),
    lead=_("This protects your account. It takes a moment."),
    button=_("Confirm"),
    needs_login=True,
)
