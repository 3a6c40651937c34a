"""Decorators and a mixin for views that need a verified number or a recent authentication, for the site's views too."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.contrib.auth.views import redirect_to_login
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from .. import services
from .page_flows import CHANGE, CONFIRM, PageFlow

ViewFunction = Callable[..., HttpResponseBase]


def phone_verified_required(view: ViewFunction) -> ViewFunction:
    """Decorate a view for users with a verified number. Others log in or verify one first, and return to the view."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return redirect_without_number(request) or view(request, *args, **kwargs)

    return wrapper


def recent_authentication_required(view: ViewFunction) -> ViewFunction:
    """Decorate a view for users who authenticated within ``RECENT_AUTHENTICATION`` seconds. Others do so first."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return redirect_without_recent_authentication(request) or view(request, *args, **kwargs)

    return wrapper


class PhoneVerifiedRequiredMixin:
    """:func:`phone_verified_required` for class-based views. Put it first among the base classes."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return redirect_without_number(request) or super().dispatch(request, *args, **kwargs)  # type: ignore[misc]


def redirect_without_login(request: HttpRequest) -> HttpResponse | None:
    """Return a redirect to the login, or None for a user who is logged in."""
    return None if request.user.is_authenticated else redirect_to_login(request.get_full_path())


def redirect_without_recent_authentication(request: HttpRequest) -> HttpResponse | None:
    """Return a redirect to the login or the confirmation, or None for a recently authenticated user."""
    if redirect := redirect_without_login(request):
        return redirect
    return None if services.is_recently_authenticated(request) else _redirect(request, CONFIRM)


def redirect_without_number(request: HttpRequest) -> HttpResponse | None:
    """Return a redirect to the login or the page that verifies a number, or None for a user with a verified number."""
    if redirect := redirect_without_login(request):
        return redirect
    return None if services.verified_number_of(request.user) else _redirect(request, CHANGE)


def _redirect(request: HttpRequest, flow: PageFlow) -> HttpResponse:
    return redirect_to_login(request.get_full_path(), flow.url())


@receiver(user_logged_in, dispatch_uid="lanck_recent_authentication")
def _remember_login(sender: object, request: HttpRequest | None = None, **kwargs: Any) -> None:
    if request is not None and hasattr(request, "session"):
        services.remember_authentication(request)
