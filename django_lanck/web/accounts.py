"""The pages of signup and login that follow the right code."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from .. import services
from ..exceptions import Refusal
from ..models.number import mask_number
from . import progress, proof_cookie
from .base import PageFlowView
from .code import CodeView
from .page_flows import LOGIN, SIGNUP

# Refusals of a signup that the finish page answers; the proof is still unspent.
CAN_BE_FINISHED: Final = ("number_taken", "invalid_argument", "duplicate_value", "invalid_purpose")
# Refusals of a proof that did not work. All others are about the account of a number that is verified.
DID_NOT_WORK: Final = ("invalid_proof", "newer_claim")


class AccountView(PageFlowView):
    """Base of the pages that use a proof to sign up or log in."""

    # The authentication backend that the session records; None for the first of AUTHENTICATION_BACKENDS.
    backend: str | None = None

    def log_in(self, user: Any) -> None:
        """Log in and end the flow; the session gets a new key."""
        progress.end(self.request, self.flow)
        login(self.request, user, backend=self.backend or settings.AUTHENTICATION_BACKENDS[0])

    def sign_up(self, form: Any, proof: str, *, take_over: bool = False) -> HttpResponse:
        """Create the account and log in to it. Raises Refusal."""
        after = progress.url_after(self.next_url)
        services.sign_up(
            proof=proof,
            form=form,
            purpose=self.flow.purpose,
            binding=self.binding,
            take_over=take_over,
            request=self.request,
            log_in=self.log_in,
        )
        return self.delete_proof(redirect(after))

    def store_proof(self, proof: str) -> HttpResponse:
        """Redirect to the finish page with the proof in a cookie."""
        response = redirect(self.flow.url("finish"))
        proof_cookie.store(self.request, response, self.flow, proof)
        return response

    def delete_proof(self, response: HttpResponse) -> HttpResponse:
        proof_cookie.remove(response, self.flow)
        return response

    def proof_refused(self, refusal: Refusal) -> HttpResponse:
        """Render the page for a proof that cannot be used, or whose account the guard refuses."""
        if refusal.code in DID_NOT_WORK:
            return self.delete_proof(super().proof_refused(refusal))
        return self.delete_proof(self.show_end(_("Your number is verified"), refusal.detail))


class AccountCodeView(AccountView, CodeView):
    def verification_ended(self, code: str) -> HttpResponse:
        """Redirect from a verified code to the finish page, whose cookie may still have the proof."""
        if code == "already_verified":
            return redirect(self.flow.url("finish"))
        return super().verification_ended(code)


class SignupCodeView(AccountCodeView):
    flow = SIGNUP

    def code_accepted(self, proof: str) -> HttpResponse:
        """Create the account at once where the signup form has no visible field."""
        form = services.signup_form({})
        if form.visible_fields():
            return self.store_proof(proof)
        try:
            return self.sign_up(form, proof)
        except Refusal as refusal:
            if refusal.code in CAN_BE_FINISHED and refusal.code != "duplicate_value":
                return self.store_proof(proof)
            return self.proof_refused(refusal)


class LoginCodeView(AccountCodeView):
    flow = LOGIN

    def code_accepted(self, proof: str) -> HttpResponse:
        """Log in to the account of the number, or redirect to the finish page where there is none."""
        after = progress.url_after(self.next_url)
        try:
            user = services.authenticate_by_proof(proof=proof, purpose=self.flow.purpose, binding=self.binding)
        except Refusal as refusal:
            return self.store_proof(proof) if refusal.code == "no_account" else self.proof_refused(refusal)
        self.log_in(user)
        return self.delete_proof(redirect(after))


class SignupFinishView(AccountView):
    """The site's signup form, or the choice where another account has the number."""

    flow = SIGNUP
    template = "finish"

    def get(self, request: HttpRequest) -> HttpResponse:
        proof = proof_cookie.read(request)
        if not proof:
            return self.redirect_without_proof()
        try:
            number = self.number_of(proof)
        except Refusal as refusal:
            return self.proof_refused(refusal)
        form = services.signup_form()
        if refused := services.signup_refusal(number, take_over=self.takes_over):
            return self.signup_refused(refused, form, proof)
        return self.show(number, form)

    def post(self, request: HttpRequest) -> HttpResponse:
        proof = proof_cookie.read(request)
        if not proof:
            return self.redirect_without_proof()
        form = services.signup_form(request.POST, request.FILES)
        try:
            return self.sign_up(form, proof, take_over=self.takes_over)
        except Refusal as refusal:
            return self.signup_refused(refusal, form, proof)

    def signup_refused(self, refusal: Refusal, form: Any, proof: str) -> HttpResponse:
        """Show the form with its errors while the proof is valid."""
        if refusal.code not in CAN_BE_FINISHED:
            return self.proof_refused(refusal)
        try:
            number = self.number_of(proof)
        except Refusal as expired:
            return self.proof_refused(expired)
        if refusal.code == "number_taken":
            return self.show_owned(number)
        if refusal.code == "invalid_purpose":
            return self.show(number, services.signup_form())
        if refusal.code == "duplicate_value":
            if not form.visible_fields():  # nothing that the person could change
                return self.proof_refused(refusal)
            form.add_error(None, refusal.errors or refusal.detail)
        return self.show(number, form)

    def redirect_without_proof(self) -> HttpResponse:
        is_finished = self.request.user.is_authenticated  # the form was submitted twice
        return redirect(progress.url_after("") if is_finished else self.flow.url())

    def number_of(self, proof: str) -> str:
        """Return the proved number without spending the proof. Raises Refusal."""
        return services.number_of_proof(proof=proof, purpose=self.flow.purpose, binding=self.binding)

    @property
    def takes_over(self) -> bool:
        """Whether the person chose to take the number over from the account that has it."""
        return "new" in self.request.GET or "new" in self.request.POST

    def show_owned(self, number: str) -> HttpResponse:
        return self.render_page("owned", number=mask_number(number))

    def show(self, number: str, form: Any) -> HttpResponse:
        return self.render_page(self.template, number=mask_number(number), form=form, takes_over=self.takes_over)


class LoginFinishView(SignupFinishView):
    """The page after a login whose number has no account: it offers a signup with the same proof."""

    flow = LOGIN
    template = "no_account"
