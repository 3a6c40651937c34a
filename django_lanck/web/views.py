"""The steps that all flows share: the number, the code, its delivery, another code, another number.

Nothing is sent or checked inside a transaction: hence ``non_atomic_requests``, for sites with ``ATOMIC_REQUESTS``.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.decorators import method_decorator
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.generic import View

from .. import services
from ..conf import conf
from ..conf.profiles import Profile
from ..durations import countdown
from ..exceptions import Refusal
from ..models import Verification
from ..services.numbers import country_of
from ..services.verifications.lookup import refusal_code
from . import countries, progress, words
from .access import to_confirm, to_login
from .flows import LOGIN, SIGNUP, Flow
from .forms import CodeForm, NumberForm, focus

# Why there is no code to type any more → what is said of it.
ENDED_TITLES: dict[str, Promise] = {
    "expired": _("Your time is up"),
    "exhausted": _("Too many wrong codes"),
    "canceled": _("This verification was canceled"),
}

decorators: list[Any] = [
    login_not_required,
    transaction.non_atomic_requests,
    never_cache,
    csrf_protect,
    sensitive_post_parameters("code", "password"),
    sensitive_variables(),
]


@method_decorator(decorators, name="dispatch")
class FlowView(View):
    """One step of a flow. A flow whose purpose the site does not have is not there."""

    flow: Flow = SIGNUP
    http_method_names = ["get", "head", "post"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if self.flow.purpose not in conf.purposes:
            raise Http404("This site has no such purpose.")
        return self.kept_out() or super().dispatch(request, *args, **kwargs)

    def kept_out(self) -> HttpResponse | None:
        """Where people go who may not be here."""
        if self.flow.needs_recent:
            return to_confirm(self.request)
        return to_login(self.request) if self.flow.needs_login else None

    @property
    def profile(self) -> Profile:
        return conf.profile(self.flow.purpose)

    @property
    def binding(self) -> list[str]:
        return services.binding_for(self.request)

    @property
    def sender(self) -> dict[str, Any]:
        """What starts, resends and checks are limited by."""
        return {"ip": services.client_address(self.request), "request": self.request}

    def which(self, verification: Verification) -> dict[str, Any]:
        return {"verification_id": verification.pk, "binding": self.binding}

    def current(self) -> Verification | None:
        return progress.current(self.request, self.flow)

    def page(self, template: str, **context: Any) -> HttpResponse:
        if "form" in context:
            focus(context["form"])
        return render(self.request, f"lanck/web/{template}.html", {**self.shared(), **context})

    def shared(self) -> dict[str, Any]:
        """What the templates know on every page."""
        asked = self.asked
        return {
            "flow": self.flow,
            "next": asked,
            "number_url": self.flow.url_from(asked),
            "code_url": self.flow.url("code"),
            "signup_url": SIGNUP.url_from(asked) if SIGNUP.purpose in conf.purposes else "",
            "login_url": LOGIN.url_from(asked) if LOGIN.purpose in conf.purposes else "",
        }

    @property
    def asked(self) -> str:
        """The page of the site that somebody wanted when the flow began; empty for none."""
        return progress.noted_next(self.request, self.flow)

    def ended(self, title: str | Promise, sentence: str | Promise) -> HttpResponse:
        """There is no way on but to begin anew."""
        return self.page("ended", title=title, sentence=sentence)

    def useless(self, refusal: Refusal) -> HttpResponse:
        """The proof was used, or is too old."""
        return self.ended(_("This did not work"), words.sentence(refusal))

    def start(self, *, number: Any, method: str | None) -> HttpResponse:
        """Send the code and go where it is typed. Raises Refusal; then nothing of an earlier code has changed."""
        with services.new_binding(self.request) as binding:
            verification = services.start_verification(
                number=number,
                method=method,
                purpose=self.flow.purpose,
                user=self.request.user,
                binding=binding,
                **self.sender,
            )
        progress.begin(self.request, self.flow, verification, self.asked)
        return redirect(self.flow.url("code"))


class FirstView(FlowView):
    """Where a flow begins."""

    @property
    def asked(self) -> str:
        return progress.asked_for(self.request)


class NumberView(FirstView):
    """Where the code goes, and how."""

    @cached_property
    def before(self) -> Verification | None:
        """The one that this browser began before."""
        return self.current()

    def get(self, request: HttpRequest) -> HttpResponse:
        form = NumberForm(profile=self.profile, countries=self.countries(), initial=self.initial())
        return self.show(form)

    def post(self, request: HttpRequest) -> HttpResponse:
        form = NumberForm(request.POST, profile=self.profile, countries=self.countries())
        if not form.is_valid():
            return self.show(form)
        try:
            return self.start(number=form.cleaned_data["number"], method=form.cleaned_data["method"] or None)
        except Refusal as refusal:
            form.refuse(refusal)
            return self.show(form)

    def show(self, form: NumberForm) -> HttpResponse:
        waiting = self.before if self.before and not refusal_code(self.before) else None
        owned = services.verified_number_of(self.request.user) if self.flow.needs_login else None
        return self.page("number", form=form, waiting=waiting, owned=owned)

    def countries(self) -> list[countries.Country]:
        return countries.countries(self.profile.countries)

    def initial(self) -> dict[str, str]:
        """What can be guessed: the number that this browser just gave, else the country of its user or languages."""
        if self.before:
            number = services.parse_number(self.before.number)
            return {"country": country_of(number), "number": number.as_international}
        owned = services.verified_number_of(self.request.user)
        likely = country_of(owned.number) if owned else countries.likely_country(self.request, self.countries())
        return {"country": likely}


class CodeView(FlowView):
    """The code. What its proof buys is told by those that inherit from it."""

    def get(self, request: HttpRequest) -> HttpResponse:
        verification = self.current()
        if verification is None:
            return redirect(self.flow.url())
        if ended := refusal_code(verification):
            return self.over(ended)
        return self.show(verification, CodeForm(verification=verification))

    def post(self, request: HttpRequest) -> HttpResponse:
        verification = self.current()
        if verification is None:
            return redirect(self.flow.url())
        form = CodeForm(request.POST, verification=verification)
        if not form.is_valid():
            ended = refusal_code(verification)
            return self.over(ended) if ended else self.show(verification, form)
        result = services.check_verification(**self.which(verification), **self.sender, code=form.cleaned_data["code"])
        if result.proof:
            return self.proved(result.proof)
        return self.wrong(result, form) or self.show(self.current() or verification, form)

    def wrong(self, result: services.CheckResult, form: CodeForm) -> HttpResponse | None:
        """Answer a refused check; None where the verification has to be read again."""
        error = result.error or Refusal("invalid_code")
        if error.code in (*ENDED_TITLES, "already_verified"):
            return self.over(error.code)
        form.refuse(error)
        checked = error.code in ("invalid_code", "code_expired")
        return self.show(result.verification, form) if checked and result.verification else None

    def proved(self, proof: str) -> HttpResponse:
        raise NotImplementedError

    def over(self, why: str) -> HttpResponse:
        """There is no code to type any more. ``why`` is the code of the refusal."""
        if why in ENDED_TITLES:
            return self.ended(ENDED_TITLES[why], Refusal(why).detail)
        # It is verified, and its proof was used: the form was sent twice.
        return redirect(progress.address_after(self.asked))

    def show(self, verification: Verification, form: CodeForm, refusal: Refusal | None = None) -> HttpResponse:
        context = {**code_context(self.flow, verification), "form": form}
        if refusal:
            context["refusal"] = words.sentence(refusal)
        return self.page("code", **context)


class ResendView(CodeView):
    """Another code, by the same or another method."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return redirect(self.flow.url("code"))

    def post(self, request: HttpRequest) -> HttpResponse:
        verification = self.current()
        if verification is None:
            return redirect(self.flow.url())
        try:
            method = request.POST.get("method") or None
            services.resend_verification(**self.which(verification), **self.sender, method=method)
        except Refusal as refusal:
            verification = self.current()  # it may have ended
            if verification and not refusal_code(verification):
                return self.show(verification, CodeForm(verification=verification), refusal)
        return redirect(self.flow.url("code"))


class CancelView(FlowView):
    """Back to the number, for another one."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return redirect(self.flow.url_from(self.asked))

    def post(self, request: HttpRequest) -> HttpResponse:
        if verification := self.current():
            with suppress(Refusal):  # its code was right at the very same moment; nobody takes that proof
                services.cancel_verification(**self.which(verification))
        return redirect(self.flow.url_from(self.asked))


class StatusView(FlowView):
    """What became of the code, for the script of the page with the code: as JSON, with the part that changes."""

    http_method_names = ["get", "head"]

    def kept_out(self) -> HttpResponse | None:
        return None  # whoever has no verification here gets 404

    def get(self, request: HttpRequest) -> HttpResponse:
        verification = self.current()
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


def code_context(flow: Flow, verification: Verification) -> dict[str, Any]:
    """What the page with the code, and the part of it that changes, show of a verification."""
    tone, said = words.delivery(verification)
    wait = services.seconds_to_resend(verification)
    return {
        "status_url": flow.url("status"),
        "resend_url": flow.url("resend"),
        "cancel_url": flow.url("cancel"),
        "verification": verification,
        "todo": words.todo(verification),
        "tone": tone,
        "delivery": said,
        "failed": verification.delivery in words.FAILED,
        "wait": wait,
        "countdown": words.countdown(),
        "countdown_now": words.countdown().format(time=countdown(wait or 0)),
        "ways": words.ways_on(verification, services.methods_of(verification)),
        "version": _version(verification, wait),
    }


def _version(verification: Verification, wait: int | None) -> str:
    """A word that changes when something else is to be shown."""
    shown = (verification.current_state, verification.delivery, verification.method, verification.resends, wait == 0)
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:12]
