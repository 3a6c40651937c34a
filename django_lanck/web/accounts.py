"""Signing up and logging in: what the right code buys somebody who is not known yet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import login
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from .. import services, signals
from ..conf import conf
from ..exceptions import Refusal
from ..models.number import mask_number
from . import progress, proof
from .flows import LOGIN, SIGNUP
from .views import CodeView, FlowView


class AccountView(FlowView):
    """What signing up and logging in share: the proof, and letting its holder in."""

    # The backend that is noted in the session; None for the first of AUTHENTICATION_BACKENDS.
    backend: str | None = None

    def log_in(self, user: Any) -> HttpResponse:
        """Into a session with a new key."""
        after = progress.address_after(self.asked)
        progress.end(self.request, self.flow)
        login(self.request, user, backend=self.backend or settings.AUTHENTICATION_BACKENDS[0])
        return self.spent(redirect(after))

    def keep(self, token: str) -> HttpResponse:
        """The proof waits in a cookie while something is asked."""
        response = redirect(self.flow.url("finish"))
        proof.keep(self.request, response, self.flow, token)
        return response

    def spent(self, response: HttpResponse) -> HttpResponse:
        proof.drop(response, self.flow)
        return response

    def useless(self, refusal: Refusal) -> HttpResponse:
        return self.spent(super().useless(refusal))

    def number_of(self, token: str) -> str:
        """The number that is proved; nothing is spent. Raises Refusal."""
        return services.number_of_proof(proof=token, purpose=self.flow.purpose, binding=self.binding)

    def sign_up(self, form: Any, token: str) -> HttpResponse:
        """Make the account and log in to it. Raises Refusal, and IntegrityError where it clashes with another one."""
        claim = form.sign_up(proof=token, purpose=self.flow.purpose, binding=self.binding)
        user = claim.user
        response = self.log_in(user)
        signals.signup_completed.send_robust(type(user), user=user, verified_number=claim, request=self.request)
        return response


class AccountCodeView(AccountView, CodeView):
    def over(self, why: str) -> HttpResponse:
        """After the right code the proof waits on the next page, unless it was used already."""
        return redirect(self.flow.url("finish")) if why == "already_verified" else super().over(why)


class SignupCodeView(AccountCodeView):
    flow = SIGNUP

    def proved(self, token: str) -> HttpResponse:
        """Where nothing is left to ask, the account is made at once."""
        form = signup_form_class()({})
        try:
            something_to_ask = form.visible_fields() or services.owner_of(self.number_of(token)) is not None
            return self.sign_up(form, token) if not something_to_ask and form.is_valid() else self.keep(token)
        except Refusal as refusal:
            return self.useless(refusal)


class LoginCodeView(AccountCodeView):
    flow = LOGIN

    def proved(self, token: str) -> HttpResponse:
        """Only here, with the proof in hand, does anybody learn whether the number has an account."""
        try:
            user = services.owner_of(self.number_of(token))
            if user is None:
                return self.keep(token)
            services.redeem_proof(proof=token, purpose=self.flow.purpose, binding=self.binding)
        except Refusal as refusal:
            return self.useless(refusal)
        if why := self.keeps_out(user):
            return self.ended(_("Your number is verified"), why)
        return self.log_in(user)

    def keeps_out(self, user: Any) -> str | Promise:
        """Why a code alone does not let this user in; empty where it does."""
        if not user.is_active:
            return _("The account of this number is closed.")
        if getattr(user, "is_staff", False) or getattr(user, "is_superuser", False):
            return _("A code alone does not open the account of this number. Log in another way.")
        return ""


class SignupFinishView(AccountView):
    """The proof is there: what the site asks of a new account, or what to do about one that has the number."""

    flow = SIGNUP
    template = "finish"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.with_number(lambda number: self.show(number, signup_form_class()()))

    def post(self, request: HttpRequest) -> HttpResponse:
        return self.with_number(self.create)

    def with_number(self, answer: Callable[[str], HttpResponse]) -> HttpResponse:
        """The answer about the number that was proved."""
        token = proof.kept(self.request)
        if not token:
            used = self.request.user.is_authenticated  # the form was sent twice
            return redirect(progress.address_after("") if used else self.flow.url())
        try:
            number = self.number_of(token)
            if not self.takes_over and services.owner_of(number):
                return self.page("owned", number=mask_number(number))
            return answer(number)
        except Refusal as refusal:
            return self.useless(refusal)

    @property
    def takes_over(self) -> bool:
        """Whether the person said that the number is to leave the account that has it."""
        return "new" in self.request.GET or "new" in self.request.POST

    def create(self, number: str) -> HttpResponse:
        form = signup_form_class()(self.request.POST, self.request.FILES)
        if not form.is_valid():
            return self.show(number, form)
        try:
            return self.sign_up(form, proof.kept(self.request))
        except IntegrityError:
            form.add_error(None, _("Another account has one of these already. Change it and try again."))
            return self.show(number, form)

    def show(self, number: str, form: Any) -> HttpResponse:
        return self.page(self.template, number=mask_number(number), form=form, takes_over=self.takes_over)


class LoginFinishView(SignupFinishView):
    """The number has no account: one is offered, where people may sign up at all. The same proof pays for it."""

    flow = LOGIN
    template = "no_account"

    def create(self, number: str) -> HttpResponse:
        may_sign_up = SIGNUP.purpose in conf.purposes
        return super().create(number) if may_sign_up else self.show(number, signup_form_class()())


def signup_form_class() -> Any:
    return import_string(conf.signup_form)
