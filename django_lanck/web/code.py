"""The page with the code, and the URLs below it."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .. import services
from ..durations import countdown
from ..exceptions import Refusal
from ..models import Verification
from ..services.verifications.lookup import refusal_code
from . import progress, texts
from .base import PageFlowView
from .forms import CodeForm
from .page_flows import PageFlow

# The state of an ended verification → the title of the page.
END_TITLES: Final[dict[str, Promise]] = {
    "expired": _("Your time is up"),
    "exhausted": _("Too many wrong codes"),
    "canceled": _("This verification was canceled"),
}


class CodeView(PageFlowView):
    """The form for the code. Subclasses define what follows the right code."""

    def get(self, request: HttpRequest) -> HttpResponse:
        verification = self.current_verification()
        if verification is None:
            return redirect(self.flow.url())
        if ended := refusal_code(verification):
            return self.verification_ended(ended)
        return self.show(verification, CodeForm(verification=verification))

    def post(self, request: HttpRequest) -> HttpResponse:
        verification = self.current_verification()
        if verification is None:
            return redirect(self.flow.url())
        form = CodeForm(request.POST, verification=verification)
        if not form.is_valid():
            ended = refusal_code(verification)
            return self.verification_ended(ended) if ended else self.show(verification, form)
        result = services.check_verification(
            **self.lookup_arguments(verification), **self.guard_arguments, code=form.cleaned_data["code"]
        )
        if result.proof:
            return self.code_accepted(result.proof)
        return self.code_refused(result.error or Refusal("invalid_code"), result.verification or verification, form)

    def code_accepted(self, proof: str) -> HttpResponse:
        raise NotImplementedError

    def code_refused(self, error: Refusal, checked: Verification, form: CodeForm) -> HttpResponse:
        if error.code in (*END_TITLES, "already_verified"):
            return self.verification_ended(error.code)
        form.refuse(error)
        if error.code not in ("invalid_code", "code_expired"):  # the verification may have changed since it was read
            checked = self.current_verification() or checked
        return self.show(checked, form)

    def verification_ended(self, code: str) -> HttpResponse:
        """Answer for a verification that accepts no code any more. ``code`` is that of the refusal."""
        if code in END_TITLES:
            return self.show_end(END_TITLES[code], Refusal(code).detail)
        # It is verified and its proof was used: the form was submitted twice.
        return redirect(progress.url_after(self.next_url))

    def show(self, verification: Verification, form: CodeForm, refusal: Refusal | None = None) -> HttpResponse:
        context = {**code_context(self.flow, verification), "form": form}
        if refusal:
            context["refusal"] = texts.refusal_text(refusal)
        return self.render_page("code", **context)


class ResendView(CodeView):
    """Sends another code, by the same or another method."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return redirect(self.flow.url("code"))

    def post(self, request: HttpRequest) -> HttpResponse:
        verification = self.current_verification()
        if verification is None:
            return redirect(self.flow.url())
        try:
            services.resend_verification(
                **self.lookup_arguments(verification), **self.guard_arguments, method=request.POST.get("method") or None
            )
        except Refusal as refusal:
            verification = self.current_verification()  # it may have ended
            if verification and not refusal_code(verification):
                return self.show(verification, CodeForm(verification=verification), refusal)
        return redirect(self.flow.url("code"))


class CancelView(PageFlowView):
    """Cancels the verification and redirects to the first page."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return redirect(self.flow.url_with_next(self.next_url))

    def post(self, request: HttpRequest) -> HttpResponse:
        if verification := self.current_verification():
            with suppress(Refusal):  # verified by a concurrent request; its proof stays unused
                services.cancel_verification(**self.lookup_arguments(verification))
        return redirect(self.flow.url_with_next(self.next_url))


class StatusView(PageFlowView):
    """Returns the delivery as JSON, with the rendered ``_delivery.html``, for the script of the page with the code."""

    http_method_names = ["get", "head"]

    def redirect_without_access(self) -> HttpResponse | None:
        return None  # a script cannot use a redirect; without a verification it gets 404

    def get(self, request: HttpRequest) -> HttpResponse:
        verification = self.current_verification()
        if verification is None:
            return JsonResponse({}, status=404)
        context = code_context(self.flow, verification)
        return JsonResponse(
            {
                "state": verification.current_state,
                "delivery": verification.delivery,
                "version": context["version"],
                "wait": context["wait"],
                "html": render_to_string("lanck/web/_delivery.html", context, request),
            }
        )


def code_context(flow: PageFlow, verification: Verification) -> dict[str, Any]:
    """Return the context of ``code.html`` and ``_delivery.html``."""
    tone, delivery = texts.delivery_text(verification)
    wait = services.seconds_to_resend(verification)
    sentence = texts.countdown_text()
    return {
        "status_url": flow.url("status"),
        "resend_url": flow.url("resend"),
        "cancel_url": flow.url("cancel"),
        "verification": verification,
        "instruction": texts.instruction(verification),
        "tone": tone,
        "delivery": delivery,
        "failed": verification.delivery in texts.FAILED_STATUSES,
        "wait": wait,
        "countdown": sentence,
        "countdown_now": sentence.format(time=countdown(wait or 0)),
        "methods": texts.resend_buttons(verification, services.methods_of(verification)),
        "version": _version(verification, wait),
    }


def _version(verification: Verification, wait: int | None) -> str:
    """Return a hash that changes with what ``_delivery.html`` shows."""
    shown = (verification.current_state, verification.delivery, verification.method, verification.resends, wait == 0)
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:12]
