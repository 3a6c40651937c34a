"""The proof, between the page where it is earned and the page where it is used: in a cookie, and nowhere else.

A cookie that no script reads, no other page gets and no other site sends. The proof in it is worth nothing without the
session that earned it.
"""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from ..conf import conf
from .flows import Flow

# Its name says to Django's error pages that it holds a token.
COOKIE: Final = "lanck_proof_token"


def keep(request: HttpRequest, response: HttpResponse, flow: Flow, proof: str) -> None:
    response.set_cookie(
        COOKIE,
        proof,
        max_age=conf.profile_of_started(flow.purpose).proof_lifetime,
        path=flow.url("finish"),
        secure=request.is_secure() or settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def kept(request: HttpRequest) -> str:
    return request.COOKIES.get(COOKIE, "")


def drop(response: HttpResponse, flow: Flow) -> None:
    response.delete_cookie(COOKIE, path=flow.url("finish"), samesite="Lax")
