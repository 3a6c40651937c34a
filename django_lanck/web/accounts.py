"""The pages of signup and login that follow the right code."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .. import services
from ..exceptions import Refusal
from ..models.number import mask_number
from . import progress, proof
from .flows import LOGIN, SIGNUP
from .views import CodeView, FlowView

# Refusals of a signup that the finish page answers; the proof is still good.
CAN_BE_FINISHED: Final = ("number_taken", "invalid_argument", "duplicate_value", "invalid_purpose")


class AccountView(FlowView):
    """Base of the pages that use a proof to sign up or log in."""

    # The authentication backend that the session records; None for the first of AUTHENTICATION_BACKENDS.
    backend: str | None = None

    def log_in(self, user: Any) -> None:
        """Log in and end the flow; the session gets a new key."""
        progress.end(self.request, self.flow)
        login(self.request, user, backend=self.backend or settings.AUTHENTICATION_BACKENDS[0])

    def keep(self, token: str) -> HttpResponse:
        """Redirect to the finish page with the proof in a cookie."""
        response = redirect(self.flow.url("finish"))
        proof.keep(self.request, response, self.flow, token)
        return response

    def spent(self, response: HttpResponse) -> HttpResponse:
        """Return the response with the cookie of the proof deleted."""
        proof.drop(response, self.flow)
        return response

    def useless(self, refusal: Refusal) -> HttpResponse:
        return self.spent(super().useless(refusal))

    def sign_up(self, form: Any, token: str, *, take_over: bool = False) -> HttpResponse:
        """Create the account and log in to it. Raises Refusal."""
        after = progress.address_after(self.asked)
        services.sign_up(
            proof=token,
            form=form,
            purpose=self.flow.purpose,
            binding=self.binding,
            take_over=take_over,
            request=self.request,
            log_in=self.log_in,
        )
        return self.spent(redirect(after))


class AccountCodeView(AccountView, CodeView):
    def over(self, why: str) -> HttpResponse:
        """Redirect to the finish page after the right code; it holds the proof, unless that is spent."""
        return redirect(self.flow.url("finish")) if why == "already_verified" else super().over(why)


class SignupCodeView(AccountCodeView):
    flow = SIGNUP

    def proved(self, token: str) -> HttpResponse:
        """Create the account at once where the signup form has no visible field."""
        form = services.signup_form({})
        if form.visible_fields():
            return self.keep(token)
        try:
            return self.sign_up(form, token)
        except Refusal as refusal:
            return self.keep(token) if refusal.code in CAN_BE_FINISHED else self.useless(refusal)


class LoginCodeView(AccountCodeView):
    flow = LOGIN

    def proved(self, token: str) -> HttpResponse:
        """Log in to the account of the number. Only the holder of the proof is shown whether there is one."""
        after = progress.address_after(self.asked)
        try:
            user = services.authenticate_by_proof(
                proof=token, purpose=self.flow.purpose, binding=self.binding, refusal_for=self._refusal_for
            )
        except Refusal as refusal:
            if refusal.code == "no_account":
                return self.keep(token)
            if refusal.code == "invalid_proof":
                return self.useless(refusal)
            return self.ended(_("Your number is verified"), refusal.detail)
        self.log_in(user)
        return self.spent(redirect(after))

    def keeps_out(self, user: Any) -> str | Promise:
        """Return why a code alone does not log this user in; an empty text where it does. Sites override it."""
        refusal = services.login_refusal(user)
        return refusal.detail if refusal else ""

    def _refusal_for(self, user: Any) -> Refusal | None:
        why = self.keeps_out(user)
        return Refusal("login_refused", detail=why) if why else None


class SignupFinishView(AccountView):
    """The page after the code: the site's signup form, or the choice where another account has the number."""

    flow = SIGNUP
    template = "finish"

    def get(self, request: HttpRequest) -> HttpResponse:
        token = proof.kept(request)
        if not token:
            return self.without_proof()
        try:
            number = self.number_of(token)
        except Refusal as refusal:
            return self.useless(refusal)
        if not self.takes_over and services.owner_of(number):
            return self.owned(number)
        return self.show(number, services.signup_form())

    def post(self, request: HttpRequest) -> HttpResponse:
        token = proof.kept(request)
        if not token:
            return self.without_proof()
        form = services.signup_form(request.POST, request.FILES)
        try:
            return self.sign_up(form, token, take_over=self.takes_over)
        except Refusal as refusal:
            return self.refused(refusal, form, token)

    def refused(self, refusal: Refusal, form: Any, token: str) -> HttpResponse:
        """Answer a refused signup: with the form and its errors, where the proof is still good."""
        if refusal.code not in CAN_BE_FINISHED:
            return self.useless(refusal)
        try:
            number = self.number_of(token)
        except Refusal as useless:  # it expired or was spent meanwhile
            return self.useless(useless)
        if refusal.code == "number_taken":
            return self.owned(number)
        if refusal.code == "invalid_purpose":
            return self.show(number, services.signup_form())
        if refusal.code == "duplicate_value":
            form.add_error(None, refusal.detail)
        return self.show(number, form)

    def without_proof(self) -> HttpResponse:
        signed_up = self.request.user.is_authenticated  # the form was sent twice
        return redirect(progress.address_after("") if signed_up else self.flow.url())

    def number_of(self, token: str) -> str:
        """Return the proved number without spending the proof. Raises Refusal."""
        return services.number_of_proof(proof=token, purpose=self.flow.purpose, binding=self.binding)

    @property
    def takes_over(self) -> bool:
        """Whether the person chose to take the number over from the account that has it."""
        return "new" in self.request.GET or "new" in self.request.POST

    def owned(self, number: str) -> HttpResponse:
        return self.page("owned", number=mask_number(number))

    def show(self, number: str, form: Any) -> HttpResponse:
        return self.page(self.template, number=mask_number(number), form=form, takes_over=self.takes_over)


class LoginFinishView(SignupFinishView):
    """The page after a login whose number has no account: it offers a signup for the same proof."""

    flow = LOGIN
    template = "no_account"
