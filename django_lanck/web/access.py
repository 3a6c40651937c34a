"""Who may open a page: those with a verified number, and those who showed lately who they are.

For the site's own views, and for the pages here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.contrib.auth.views import redirect_to_login
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from .. import services
from .flows import CHANGE, CONFIRM, Flow

ViewFunction = Callable[..., HttpResponseBase]


def phone_verified_required(view: ViewFunction) -> ViewFunction:
    """Let in who has a verified number. Others are asked for theirs, or to log in, and then come back."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return to_number(request) or view(request, *args, **kwargs)

    return wrapper


def recent_authentication_required(view: ViewFunction) -> ViewFunction:
    """Let in who showed who they are within ``RECENT_AUTHENTICATION`` seconds. Others are asked to, and come back."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return to_confirm(request) or view(request, *args, **kwargs)

    return wrapper


class PhoneVerifiedRequiredMixin:
    """The same as :func:`phone_verified_required`, for class based views. Put it first."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return to_number(request) or super().dispatch(request, *args, **kwargs)  # type: ignore[misc]


def to_login(request: HttpRequest) -> HttpResponse | None:
    """Where somebody goes who is not logged in; None for who is."""
    return None if request.user.is_authenticated else redirect_to_login(request.get_full_path())


def to_confirm(request: HttpRequest) -> HttpResponse | None:
    """Where somebody goes who has to log in, or to confirm that it is still them; None for who need not."""
    return to_login(request) or (None if services.is_recently_authenticated(request) else _redirect(request, CONFIRM))


def to_number(request: HttpRequest) -> HttpResponse | None:
    """Where somebody goes who has to log in, or to verify a number; None for who need not."""
    return to_login(request) or (None if services.verified_number_of(request.user) else _redirect(request, CHANGE))


def _redirect(request: HttpRequest, flow: Flow) -> HttpResponse:
    return redirect_to_login(request.get_full_path(), flow.url())


@receiver(user_logged_in, dispatch_uid="lanck_recent_authentication")
def _logged_in(sender: object, request: HttpRequest | None = None, **kwargs: Any) -> None:
    if request is not None and hasattr(request, "session"):
        services.remember_authentication(request)
