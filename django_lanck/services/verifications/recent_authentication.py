"""The time of a session's last authentication: a login, or a confirmation by password or code."""

from __future__ import annotations

import time
from typing import Final

from django.http import HttpRequest

from ...conf import conf

SESSION_KEY: Final = "lanck_authenticated_at"


def remember_authentication(request: HttpRequest) -> None:
    """Store the current time in the session as that of its last authentication."""
    request.session[SESSION_KEY] = int(time.time())


def is_recently_authenticated(request: HttpRequest) -> bool:
    """Return whether the last authentication is at most ``RECENT_AUTHENTICATION`` seconds ago.

    A time in the future counts as recent: it comes from a server whose clock is ahead.
    """
    authenticated_at = request.session.get(SESSION_KEY)
    return authenticated_at is not None and time.time() - authenticated_at <= conf.recent_authentication
