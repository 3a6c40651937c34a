"""The demo's own pages: the start page, and a page for users with a verified number."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from django_lanck.conf import conf
from django_lanck.web.access import phone_verified_required


@never_cache
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "demo/home.html", {"login_shown": settings.DEMO_ADMIN_PASSWORD == "admin"})


@never_cache
@require_safe
@phone_verified_required
def members(request: HttpRequest) -> HttpResponse:
    return render(request, "demo/members.html")


def sandbox(request: HttpRequest) -> dict[str, bool]:
    """Context processor: whether the site uses its own sandbox and not a real account."""
    return {"sandbox": conf.base_url.endswith("/sandbox/v1")}
