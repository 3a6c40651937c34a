"""When somebody last showed who they are: by logging in, or by confirming it."""

from __future__ import annotations

import time
from typing import Any, Final

from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from ..conf import conf

SESSION_KEY: Final = "lanck_authenticated_at"


def remember(request: HttpRequest) -> None:
    request.session[SESSION_KEY] = int(time.time())


def is_recent(request: HttpRequest) -> bool:
    """Whether that was at most ``RECENT_AUTHENTICATION`` seconds ago, also where another worker's clock is ahead."""
    at = request.session.get(SESSION_KEY)
    return at is not None and time.time() - at <= conf.recent_authentication


@receiver(user_logged_in, dispatch_uid="lanck_recent_authentication")
def _logged_in(sender: object, request: HttpRequest | None = None, **kwargs: Any) -> None:
    if request is not None and hasattr(request, "session"):
        remember(request)
