"""Changing the number of an account, and confirming that somebody is who they logged in as."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from .. import services
from ..exceptions import Refusal
from . import progress
from .flows import CHANGE, CONFIRM
from .forms import MethodForm, PasswordForm
from .views import CodeView, FirstView


class ChangeCodeView(CodeView):
    flow = CHANGE

    def proved(self, token: str) -> HttpResponse:
        """The claim moves to the new number, and the session gets a new key."""
        user: Any = self.request.user
        try:
            claim = services.change_number(user=user, proof=token, purpose=self.flow.purpose, binding=self.binding)
        except Refusal as refusal:
            return self.useless(refusal)
        asked = self.asked
        progress.end(self.request, self.flow)
        self.request.session.cycle_key()
        if asked and not claim.taken_over:
            return redirect(asked)
        after = progress.address_after(asked)
        return self.page("done", number=claim.number, taken_over=claim.taken_over, after=after)


class ConfirmView(FirstView):
    """Who are you? Told by the password, or where there is none, by a code to the number of the account."""

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
                return confirmed(self.request, self.asked)
            form.add_error("password", _("This password is not right."))
        return self.show(form)

    def send_code(self) -> HttpResponse:
        """To the number that the account has, whatever the browser says."""
        form, owned = MethodForm(self.request.POST, profile=self.profile), self.owned()
        if owned and form.is_valid():
            try:
                return self.start(number=owned.number, method=form.cleaned_data["method"] or None)
            except Refusal as refusal:
                form.refuse(refusal)
        return self.show(form)

    def owned(self) -> Any:
        return services.verified_number_of(self.request.user)

    def show(self, form: Any) -> HttpResponse:
        return self.page("confirm", form=form, has_password=self.has_password, owned=self.owned())


class ConfirmCodeView(CodeView):
    flow = CONFIRM

    def proved(self, token: str) -> HttpResponse:
        user: Any = self.request.user
        try:
            services.confirm_user(user=user, proof=token, purpose=self.flow.purpose, binding=self.binding)
        except Refusal as refusal:
            return self.useless(refusal)
        asked = self.asked
        progress.end(self.request, self.flow)
        return confirmed(self.request, asked)


def confirmed(request: HttpRequest, asked: str) -> HttpResponse:
    services.remember_authentication(request)
    request.session.cycle_key()
    return redirect(progress.address_after(asked))
