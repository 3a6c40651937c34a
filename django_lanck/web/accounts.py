"""What a proof buys: an account, a way into one, another number for it, or that somebody is who they were."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate, login
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from .. import services, signals
from ..conf import conf
from ..exceptions import Refusal
from ..models.number import mask_number
from . import progress, proof, recent, words
from .flows import LOGIN, SIGNUP, Flow
from .forms import MethodForm, PasswordForm
from .views import CodeView, FlowView


class AccountView(FlowView):
    """What signing up and logging in share: the right code lets people in."""

    # Of several backends, the one that is noted in the session; None for the first of AUTHENTICATION_BACKENDS.
    backend: str | None = None

    def log_in(self, user: Any) -> HttpResponse:
        """Into a new session: a login changes its key."""
        response = redirect(progress.after(self.request, self.flow))
        progress.end(self.request, self.flow)
        login(self.request, user, backend=self.backend or settings.AUTHENTICATION_BACKENDS[0])
        proof.drop(response, self.flow)
        return response

    def keep(self, value: str) -> HttpResponse:
        """The proof waits in a cookie while something is asked."""
        response = redirect(self.flow.url("finish"))
        proof.keep(self.request, response, self.flow, value)
        return response

    def useless(self, refusal: Refusal) -> HttpResponse:
        """The proof was used, or is too old."""
        response = self.ended(_("This did not work"), words.sentence(refusal))
        proof.drop(response, self.flow)
        return response

    def sign_up(self, form: Any, value: str) -> HttpResponse:
        """Make the account and log in to it. Raises Refusal, and IntegrityError where it clashes with another one."""
        claim = form.sign_up(proof=value, purpose=self.flow.purpose, binding=services.binding_for(self.request))
        response = self.log_in(claim.user)
        signals.signup_completed.send_robust(
            type(claim.user), user=claim.user, verified_number=claim, request=self.request
        )
        return response

    def number_of(self, value: str) -> str:
        return services.number_of_proof(
            proof=value, purpose=self.flow.purpose, binding=services.binding_for(self.request)
        )


def signup_form_class() -> Any:
    return import_string(conf.signup_form)


class SignupCodeView(AccountView, CodeView):
    flow = SIGNUP

    def proved(self, value: str) -> HttpResponse:
        """Where nothing is left to ask, the account is made at once."""
        form = signup_form_class()({})
        try:
            if form.visible_fields() or services.owner_of(self.number_of(value)):
                return self.keep(value)
            return self.sign_up(form, value) if form.is_valid() else self.keep(value)
        except Refusal as refusal:
            return self.useless(refusal)


class LoginCodeView(AccountView, CodeView):
    flow = LOGIN

    def proved(self, value: str) -> HttpResponse:
        """Only here, with the proof in hand, does anybody learn whether the number has an account."""
        try:
            with transaction.atomic():
                number = services.redeem_proof(proof=value, purpose=self.flow.purpose, binding=self.me["binding"])
                user = services.owner_of(number)
                if user is None:
                    raise _NoAccount
        except _NoAccount:
            return self.keep(value)
        except Refusal as refusal:
            return self.useless(refusal)
        if not self.may_log_in(user):
            sentence = _("The account of this number cannot be used with a code alone. Log in another way.")
            return self.ended(_("Your number is verified"), sentence)
        return self.log_in(user)

    def may_log_in(self, user: Any) -> bool:
        """Whether a code alone is enough for this user. Not for one that is closed, nor for staff."""
        return user.is_active and not (getattr(user, "is_staff", False) or getattr(user, "is_superuser", False))


class _NoAccount(Exception):
    """Nobody has proved this number before."""


class SignupFinishView(AccountView):
    """The proof is there: what the site asks of a new account, or what to do about one that has the number."""

    flow = SIGNUP
    template = "finish"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.with_number(lambda number: self.show(number, signup_form_class()()))

    def post(self, request: HttpRequest) -> HttpResponse:
        return self.with_number(self.create)

    def with_number(self, answer: Any) -> HttpResponse:
        """The answer about a number that was proved; people without a proof go back to the number."""
        if not proof.kept(self.request):
            return redirect(self.flow.url())
        try:
            number = self.number_of(proof.kept(self.request))
            if services.owner_of(number) and not self.takes_over():
                return self.page("owned", number=mask_number(number))
            return answer(number)
        except Refusal as refusal:
            return self.useless(refusal)

    def takes_over(self) -> bool:
        """Whether the person said that the number is to leave the account that has it."""
        return "new" in self.request.GET or "new" in self.request.POST

    def create(self, number: str) -> HttpResponse:
        form = signup_form_class()(self.request.POST)
        if not form.is_valid():
            return self.show(number, form)
        try:
            return self.sign_up(form, proof.kept(self.request))
        except IntegrityError:
            form.add_error(None, _("Another account has one of these already. Change it and try again."))
            return self.show(number, form)

    def show(self, number: str, form: Any) -> HttpResponse:
        return self.page(self.template, number=mask_number(number), form=form, takes_over=self.takes_over())


class LoginFinishView(SignupFinishView):
    """The number has no account: one is offered, where people may sign up at all. The same proof pays for it."""

    flow = LOGIN
    template = "no_account"

    def create(self, number: str) -> HttpResponse:
        if SIGNUP.purpose not in conf.purposes:
            return self.show(number, signup_form_class()())
        return super().create(number)


class ChangeCodeView(CodeView):
    def proved(self, value: str) -> HttpResponse:
        """The claim moves to the new number, and the session gets a new key."""
        user = self.request.user
        try:
            number = services.number_of_proof(proof=value, purpose=self.flow.purpose, binding=self.me["binding"])
            before = services.owner_of(number)
            services.change_number(user=user, proof=value, purpose=self.flow.purpose, binding=self.me["binding"])
        except Refusal as refusal:
            return self.ended(_("This did not work"), words.sentence(refusal))
        after = progress.after(self.request, self.flow)
        progress.end(self.request, self.flow)
        self.request.session.cycle_key()
        return self.page("done", number=number, taken_over=before not in (None, user), after=after)


class ConfirmView(FlowView):
    """Who are you? Told by the password, or where there is none, by a code to the number of the account."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.show(PasswordForm() if self.has_password else MethodForm(profile=self.profile))

    def post(self, request: HttpRequest) -> HttpResponse:
        return self.check_password() if self.has_password else self.send_code()

    @property
    def has_password(self) -> bool:
        return self.request.user.has_usable_password()

    def check_password(self) -> HttpResponse:
        form = PasswordForm(self.request.POST)
        if form.is_valid():
            user = self.request.user
            found = authenticate(self.request, username=user.get_username(), password=form.cleaned_data["password"])
            if found == user:
                return confirmed(self.request, progress.asked_for(self.request))
            form.add_error("password", _("This password is not right."))
        return self.show(form)

    def send_code(self) -> HttpResponse:
        form, owned = MethodForm(self.request.POST, profile=self.profile), self.owned()
        if form.is_valid() and owned:
            try:
                return self.start(number=owned.number, method=form.cleaned_data["method"] or None)
            except Refusal as refusal:
                form.add_error(None, words.sentence(refusal))
        return self.show(form)

    def owned(self) -> Any:
        return services.verified_number_of(self.request.user)

    def show(self, form: Any) -> HttpResponse:
        return self.page("confirm", form=form, has_password=self.has_password, owned=self.owned())


class ConfirmCodeView(CodeView):
    def proved(self, value: str) -> HttpResponse:
        try:
            number = services.redeem_proof(proof=value, purpose=self.flow.purpose, binding=self.me["binding"])
        except Refusal as refusal:
            return self.ended(_("This did not work"), words.sentence(refusal))
        if services.owner_of(number) != self.request.user:
            return self.ended(_("This did not work"), _("The number is not yours any more."))
        after = progress.after(self.request, self.flow)
        progress.end(self.request, self.flow)
        return confirmed(self.request, after)


def confirmed(request: HttpRequest, after: str) -> HttpResponse:
    recent.remember(request)
    request.session.cycle_key()
    return redirect(after or settings.LOGIN_REDIRECT_URL)


__all__ = [
    "ChangeCodeView",
    "ConfirmCodeView",
    "ConfirmView",
    "Flow",
    "LoginCodeView",
    "LoginFinishView",
    "SignupCodeView",
    "SignupFinishView",
]
