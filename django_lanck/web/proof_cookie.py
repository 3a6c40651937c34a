"""The cookie that stores the proof between the page with the code and the finish page.

Scripts cannot read it, and browsers send it to the finish page only, never from another site. The proof is useless
without the session that earned it.
"""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from ..conf import conf
from .page_flows import PageFlow

# Django's error pages mask a cookie whose name contains TOKEN.
COOKIE: Final = "lanck_proof_token"


def store(request: HttpRequest, response: HttpResponse, flow: PageFlow, proof: str) -> None:
    response.set_cookie(
        COOKIE,
        proof,
        max_age=conf.profile_of_started(flow.purpose).proof_lifetime,
        path=flow.url("finish"),
        secure=request.is_secure() or settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def read(request: HttpRequest) -> str:
    """Return the proof; empty for none."""
    return request.COOKIES.get(COOKIE, "")


def remove(response: HttpResponse, flow: PageFlow) -> None:
    response.delete_cookie(COOKIE, path=flow.url("finish"), samesite="Lax")
