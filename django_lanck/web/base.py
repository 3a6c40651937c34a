"""The base classes of the pages."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.generic import View

from .. import services
from ..conf import conf
from ..conf.profiles import Profile
from ..exceptions import Refusal
from ..models import Verification
from . import progress, texts
from .access import redirect_without_login, redirect_without_recent_authentication
from .forms import focus
from .page_flows import LOGIN, SIGNUP, PageFlow

decorators: list[Any] = [
    login_not_required,
    transaction.non_atomic_requests,  # for ATOMIC_REQUESTS: LANCK is never called inside a transaction
    never_cache,
    csrf_protect,
    sensitive_post_parameters("code", "password"),
    sensitive_variables(),
]


@method_decorator(decorators, name="dispatch")
class PageFlowView(View):
    """Base of all pages. Answers 404 where ``PURPOSES`` lacks the purpose of the flow."""

    flow: PageFlow = SIGNUP
    http_method_names = ["get", "head", "post"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if self.flow.purpose not in conf.purposes:
            raise Http404("This site has no such purpose.")
        return self.redirect_without_access() or super().dispatch(request, *args, **kwargs)

    def redirect_without_access(self) -> HttpResponse | None:
        """Return a redirect for a visitor who does not meet the flow's conditions, or None."""
        if self.flow.needs_recent:
            return redirect_without_recent_authentication(self.request)
        return redirect_without_login(self.request) if self.flow.needs_login else None

    @property
    def profile(self) -> Profile:
        return conf.profile(self.flow.purpose)

    @property
    def binding(self) -> list[str]:
        return services.binding_for(self.request)

    @property
    def next_url(self) -> str:
        """The URL that was requested when the flow began; empty for none."""
        return progress.stored_next_url(self.request, self.flow)

    @property
    def guard_arguments(self) -> dict[str, Any]:
        """The arguments of a start, resend or check that the guard needs."""
        return {"ip": services.client_address(self.request), "request": self.request}

    def lookup_arguments(self, verification: Verification) -> dict[str, Any]:
        return {"verification_id": verification.pk, "binding": self.binding}

    def current_verification(self) -> Verification | None:
        return progress.current_verification(self.request, self.flow)

    def render_page(self, template: str, **context: Any) -> HttpResponse:
        if "form" in context:
            focus(context["form"])
        return render(self.request, f"lanck/web/{template}.html", {**self.base_context(), **context})

    def base_context(self) -> dict[str, Any]:
        """Return the context that all templates get."""
        next_url = self.next_url
        return {
            "flow": self.flow,
            "next": next_url,
            "number_url": self.flow.url_with_next(next_url),
            "code_url": self.flow.url("code"),
            "signup_url": SIGNUP.url_with_next(next_url) if SIGNUP.purpose in conf.purposes else "",
            "login_url": LOGIN.url_with_next(next_url) if LOGIN.purpose in conf.purposes else "",
        }

    def show_end(self, title: str | Promise, sentence: str | Promise) -> HttpResponse:
        """Render the page of a flow that cannot continue."""
        return self.render_page("ended", title=title, sentence=sentence)

    def proof_refused(self, refusal: Refusal) -> HttpResponse:
        """Render the page for a proof that is spent or expired."""
        return self.show_end(_("This did not work"), texts.refusal_text(refusal))

    def start_verification(self, *, number: Any, method: str | None) -> HttpResponse:
        """Send a code and redirect to its page. Raises Refusal; the previous code of the flow still works then."""
        with services.new_binding(self.request) as binding:
            verification = services.start_verification(
                number=number,
                method=method,
                purpose=self.flow.purpose,
                user=self.request.user,
                binding=binding,
                **self.guard_arguments,
            )
        progress.begin(self.request, self.flow, verification, self.next_url)
        return redirect(self.flow.url("code"))


class FirstPageView(PageFlowView):
    """The first page of a flow."""

    @property
    def next_url(self) -> str:
        return progress.requested_next_url(self.request)
