"""The URLs of the ready pages: ``path("account/phone/", include("django_lanck.web.urls"))``."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import URLPattern, path

from .accounts import LoginCodeView, LoginFinishView, SignupCodeView, SignupFinishView
from .base import PageFlowView
from .change_number import ChangeCodeView
from .code import CancelView, CodeView, ResendView, StatusView
from .confirm import ConfirmCodeView, ConfirmView
from .number import NumberView
from .page_flows import CHANGE, CONFIRM, LOGIN, SIGNUP, PageFlow

app_name = "lanck_web"


def urls_of(
    flow: PageFlow,
    code: type[CodeView],
    first: type[PageFlowView] = NumberView,
    finish: type[PageFlowView] | None = None,
) -> Iterator[URLPattern]:
    """Yield the URL patterns of a page flow."""
    by_step: dict[str, tuple[str, type[PageFlowView] | None]] = {
        "": ("", first),
        "-code": ("code/", code),
        "-status": ("code/status/", StatusView),
        "-resend": ("resend/", ResendView),
        "-cancel": ("cancel/", CancelView),
        "-finish": ("finish/", finish),
    }
    for step, (route, view) in by_step.items():
        if view is not None:
            yield path(f"{flow.name}/{route}", view.as_view(flow=flow), name=f"{flow.name}{step}")


urlpatterns = [
    *urls_of(SIGNUP, SignupCodeView, finish=SignupFinishView),
    *urls_of(LOGIN, LoginCodeView, finish=LoginFinishView),
    *urls_of(CHANGE, ChangeCodeView),
    *urls_of(CONFIRM, ConfirmCodeView, first=ConfirmView),
]
