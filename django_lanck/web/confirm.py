"""The pages that confirm a user who is logged in: by the password, or without one by a code to their number."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from .. import services
from ..exceptions import Refusal
from ..models import VerifiedNumber
from . import progress
from .base import FirstPageView
from .code import CodeView
from .forms import MethodForm, PasswordForm
from .page_flows import CONFIRM


class ConfirmView(FirstPageView):
    flow = CONFIRM

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.show(PasswordForm() if self.has_password else MethodForm(profile=self.profile))

    def post(self, request: HttpRequest) -> HttpResponse:
        return self.check_password() if self.has_password else self.send_code()

    @property
    def has_password(self) -> bool:
        user: Any = self.request.user
        return bool(user.has_usable_password())

    def check_password(self) -> HttpResponse:
        form = PasswordForm(self.request.POST)
        user: Any = self.request.user
        if form.is_valid():
            if services.is_password_of(user, form.cleaned_data["password"], request=self.request):
                return confirmed(self.request, self.next_url)
            form.add_error("password", _("This password is not right."))
        return self.show(form)

    def send_code(self) -> HttpResponse:
        """Send a code to the user's number. A number in the request is ignored."""
        form, owned = MethodForm(self.request.POST, profile=self.profile), self.owned_number()
        if owned and form.is_valid():
            try:
                return self.start_verification(number=owned.number, method=form.cleaned_data["method"] or None)
            except Refusal as refusal:
                form.refuse(refusal)
        return self.show(form)

    def owned_number(self) -> VerifiedNumber | None:
        return services.verified_number_of(self.request.user)

    def show(self, form: PasswordForm | MethodForm) -> HttpResponse:
        return self.render_page("confirm", form=form, has_password=self.has_password, owned=self.owned_number())


class ConfirmCodeView(CodeView):
    flow = CONFIRM

    def code_accepted(self, proof: str) -> HttpResponse:
        user: Any = self.request.user
        try:
            services.confirm_user(user=user, proof=proof, purpose=self.flow.purpose, binding=self.binding)
        except Refusal as refusal:
            return self.proof_refused(refusal)
        next_url = self.next_url
        progress.end(self.request, self.flow)
        return confirmed(self.request, next_url)


def confirmed(request: HttpRequest, next_url: str) -> HttpResponse:
    """Store the time of the confirmation and redirect; the session gets a new key."""
    services.remember_authentication(request)
    request.session.cycle_key()
    return redirect(progress.url_after(next_url))
