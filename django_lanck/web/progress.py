"""The progress of the page flows, stored in the session: for each one its verification and its ``next`` URL."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme

from .. import services
from ..exceptions import Refusal
from ..models import Verification
from .page_flows import PageFlow

SESSION_KEY: Final = "lanck_web"
LONGEST_URL: Final = 2000
# Anything else is a relative URL, or the name of a view.
ABSOLUTE: Final = ("/", "http://", "https://")


def begin(request: HttpRequest, flow: PageFlow, verification: Verification, next_url: str) -> None:
    _store(request, flow, {"id": str(verification.pk), "next": next_url})


def end(request: HttpRequest, flow: PageFlow) -> None:
    _store(request, flow, None)


def current_verification(request: HttpRequest, flow: PageFlow) -> Verification | None:
    """Return the verification of this browser's flow, with the database's time, or None."""
    verification_id = _stored(request, flow).get("id")
    if verification_id is None:
        return None
    try:
        return services.get_verification(
            verification_id=verification_id, binding=services.binding_for(request), purposes=[flow.purpose]
        )
    except Refusal:
        return None


def stored_next_url(request: HttpRequest, flow: PageFlow) -> str:
    """Return the URL that was requested when the flow began; empty for none."""
    return _stored(request, flow).get("next", "")


def requested_next_url(request: HttpRequest) -> str:
    """Return the parameter ``next`` of the request; empty for none and for a URL of another site."""
    url = request.POST.get("next", request.GET.get("next", ""))
    is_absolute = url.startswith(ABSOLUTE) and len(url) <= LONGEST_URL
    is_safe = url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return url if is_absolute and is_safe else ""


def url_after(next_url: str) -> str:
    """Return where a finished flow redirects to: the requested URL, or ``LOGIN_REDIRECT_URL``."""
    return next_url or resolve_url(settings.LOGIN_REDIRECT_URL)


def _stored(request: HttpRequest, flow: PageFlow) -> dict[str, str]:
    stored: dict[str, str] = request.session.get(SESSION_KEY, {}).get(flow.name, {})
    return stored


def _store(request: HttpRequest, flow: PageFlow, values: dict[str, Any] | None) -> None:
    flows = {name: stored for name, stored in request.session.get(SESSION_KEY, {}).items() if name != flow.name}
    if values is not None:
        flows[flow.name] = values
    if flows:
        request.session[SESSION_KEY] = flows
    else:
        request.session.pop(SESSION_KEY, None)
