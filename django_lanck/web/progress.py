"""What a browser is in the middle of: for each flow, its verification and where to go afterwards. In the session."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme

from .. import services
from ..exceptions import Refusal
from ..models import Verification
from .flows import Flow

SESSION_KEY: Final = "lanck_web"
LONGEST_ADDRESS: Final = 2000
# How a whole address begins. Any other word is one from wherever the browser is, or the name of a view.
BEGINS: Final = ("/", "http://", "https://")


def begin(request: HttpRequest, flow: Flow, verification: Verification, after: str) -> None:
    _note(request, flow, {"id": str(verification.pk), "next": after})


def end(request: HttpRequest, flow: Flow) -> None:
    _note(request, flow, None)


def current(request: HttpRequest, flow: Flow) -> Verification | None:
    """The verification that this browser is in the middle of, with the database's time."""
    noted = _noted(request, flow).get("id")
    if noted is None:
        return None
    try:
        return services.get_verification(
            verification_id=noted, binding=services.binding_for(request), purposes=[flow.purpose]
        )
    except Refusal:
        return None


def noted_next(request: HttpRequest, flow: Flow) -> str:
    """The page that was asked for when the flow began; empty for none."""
    return _noted(request, flow).get("next", "")


def address_after(asked: str) -> str:
    """Where a flow leads: to the page that was asked for, or else where a login leads."""
    return asked or resolve_url(settings.LOGIN_REDIRECT_URL)


def asked_for(request: HttpRequest) -> str:
    """The page of this site that ``next`` asks for; empty where it asks for none or for another site's."""
    asked = request.POST.get("next", request.GET.get("next", ""))
    is_whole = asked.startswith(BEGINS) and len(asked) <= LONGEST_ADDRESS
    is_safe = url_has_allowed_host_and_scheme(
        asked, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return asked if is_whole and is_safe else ""


def _noted(request: HttpRequest, flow: Flow) -> dict[str, str]:
    noted: dict[str, str] = request.session.get(SESSION_KEY, {}).get(flow.name, {})
    return noted


def _note(request: HttpRequest, flow: Flow, what: dict[str, Any] | None) -> None:
    notes = {name: noted for name, noted in request.session.get(SESSION_KEY, {}).items() if name != flow.name}
    if what is not None:
        notes[flow.name] = what
    if notes:
        request.session[SESSION_KEY] = notes
    else:
        request.session.pop(SESSION_KEY, None)
