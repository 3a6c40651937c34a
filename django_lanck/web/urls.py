"""Include it where people find it: ``path("account/phone/", include("django_lanck.web.urls"))``."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import URLPattern, path

from . import accounts, members, views
from .flows import CHANGE, CONFIRM, LOGIN, SIGNUP, Flow

app_name = "lanck_web"


def steps(
    flow: Flow,
    code: type[views.CodeView],
    number: type[views.FlowView] = views.NumberView,
    finish: type[views.FlowView] | None = None,
) -> Iterator[URLPattern]:
    """The addresses of a flow: its number, its code, and what only it has."""
    by_step: dict[str, tuple[str, type[views.FlowView] | None]] = {
        "": ("", number),
        "-code": ("code/", code),
        "-status": ("code/status/", views.StatusView),
        "-resend": ("resend/", views.ResendView),
        "-cancel": ("cancel/", views.CancelView),
        "-finish": ("finish/", finish),
    }
    for step, (address, view) in by_step.items():
        if view is not None:
            yield path(f"{flow.name}/{address}", view.as_view(flow=flow), name=f"{flow.name}{step}")


urlpatterns = [
    *steps(SIGNUP, accounts.SignupCodeView, finish=accounts.SignupFinishView),
    *steps(LOGIN, accounts.LoginCodeView, finish=accounts.LoginFinishView),
    *steps(CHANGE, members.ChangeCodeView),
    *steps(CONFIRM, members.ConfirmCodeView, number=members.ConfirmView),
]
