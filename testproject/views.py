"""The start page, and signing up with a phone number.

Nothing is sent or checked inside a transaction: a slow answer of LANCK's must hold no row, and a receipt that
comes before it must find its message. Hence ``non_atomic_requests``, for sites that have ``ATOMIC_REQUESTS``.
"""

from __future__ import annotations

import json
import math

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from django_lanck import services
from django_lanck.conf import conf
from django_lanck.exceptions import Refusal
from django_lanck.models import Verification, VerifiedNumber

from . import wording
from .accounts import account_for
from .forms import CodeForm, NumberForm

SESSION_KEY = "signup_verification"
NEW_CODE = "A new code is on its way. Codes that you got before do not work any more."
TRY_AGAIN = ("invalid_code", "code_expired")
OVER = ("expired", "exhausted", "canceled", "not_found")


@never_cache
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    context = {
        "numbers": _numbers_of(request),
        "sandbox": uses_sandbox(),
        "login_shown": settings.DEMO_ADMIN_PASSWORD == "admin",
    }
    return render(request, "demo/home.html", context)


@never_cache
@transaction.non_atomic_requests
@require_http_methods(["GET", "HEAD", "POST"])
def signup(request: HttpRequest) -> HttpResponse:
    """Step 1: where the code goes, and how."""
    form = NumberForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            verification = _start(request, **form.cleaned_data)
        except Refusal as refusal:
            form.refuse(refusal)
        else:
            _leave(request)
            request.session[SESSION_KEY] = str(verification.pk)
            return redirect("signup-code")
    return render(request, "demo/signup.html", {"form": form, "waiting": _waiting(request), "sandbox": uses_sandbox()})


@never_cache
@transaction.non_atomic_requests
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("code")
def code(request: HttpRequest) -> HttpResponse:
    """Step 2: the code. The right one ends the signup."""
    verification = _current(request)
    if verification is None:
        return redirect("signup")
    if verification.current_state != Verification.State.PENDING:
        return _ended(request, verification.current_state)
    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            result = _check(request, verification, **form.cleaned_data)
        except Refusal as refusal:
            form.refuse(refusal)
        else:
            if result.proof:
                return _sign_in(request, result.proof)
            refused = result.refusal or "invalid_code"
            if refused not in TRY_AGAIN:
                return _ended(request, refused)
            form.refuse(Refusal(refused))
            verification = result.verification
    return render(request, "demo/code.html", {"form": form, **_code_context(verification)})


@never_cache
@transaction.non_atomic_requests
@require_POST
def resend(request: HttpRequest) -> HttpResponse:
    """Another code, by the same or another method."""
    verification = _current(request)
    if verification is None:
        return redirect("signup")
    try:
        verification = services.resend_verification(
            verification_id=verification.pk,
            method=request.POST.get("method") or None,
            binding=services.binding_for(request),
            ip=services.client_address(request),
        )
    except Refusal as refusal:
        messages.error(request, wording.sentence(refusal))
    else:
        if verification.delivery != "unknown":
            messages.success(request, NEW_CODE)
    return redirect("signup-code")


@never_cache
@transaction.non_atomic_requests
@require_POST
def cancel(request: HttpRequest) -> HttpResponse:
    """Back to step 1, for another number."""
    _leave(request)
    return redirect("signup")


def uses_sandbox() -> bool:
    """Whether LANCK is the simulated one inside this site, rather than a real account."""
    return conf.base_url.endswith("/sandbox/v1")


def _start(request: HttpRequest, *, number: str, method: str) -> Verification:
    return services.start_verification(
        number=number,
        method=method,
        purpose="signup",
        user=request.user if request.user.is_authenticated else None,
        binding=services.binding_for(request, create=True),
        ip=services.client_address(request),
    )


def _check(request: HttpRequest, verification: Verification, *, code: str) -> services.CheckResult:
    return services.check_verification(
        verification_id=verification.pk,
        code=code,
        binding=services.binding_for(request),
        ip=services.client_address(request),
    )


def _current(request: HttpRequest) -> Verification | None:
    """The verification that this browser is in the middle of."""
    verification_id = request.session.get(SESSION_KEY)
    if verification_id is None:
        return None
    try:
        return services.get_verification(verification_id=verification_id, binding=services.binding_for(request))
    except Refusal:
        return None


def _waiting(request: HttpRequest) -> Verification | None:
    """The one whose code can still be typed."""
    verification = _current(request)
    pending = verification is not None and verification.current_state == Verification.State.PENDING
    return verification if pending else None


def _leave(request: HttpRequest) -> None:
    """Give up what this browser is in the middle of, if anything."""
    verification = _waiting(request)
    request.session.pop(SESSION_KEY, None)
    if verification is None:
        return
    try:
        services.cancel_verification(verification_id=verification.pk, binding=services.binding_for(request))
    except Refusal:
        return  # its code was right at the very same moment; nobody takes that proof


def _ended(request: HttpRequest, how: str) -> HttpResponse:
    """Say why there is no code to type any more, and start again."""
    if how in OVER:
        messages.error(request, Refusal(how).detail)
    elif request.method == "POST":
        # The form came twice. The first one signs in with a new session; the old one is gone.
        return redirect("signup-code")
    elif request.user.is_authenticated:
        return redirect("home")
    else:
        messages.error(request, "Your number was verified, but the signup did not finish. Start again.")
    request.session.pop(SESSION_KEY, None)
    return redirect("signup")


def _sign_in(request: HttpRequest, proof: str) -> HttpResponse:
    """The proof buys the account; it is used here and kept nowhere."""
    del request.session[SESSION_KEY]
    try:
        user = account_for(proof=proof, binding=services.binding_for(request))
    except Refusal as refusal:
        messages.error(request, wording.sentence(refusal))
        return redirect("signup")
    if not user.is_active:
        messages.error(request, "The account of this number is closed.")
        return redirect("home")
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    messages.success(request, "Your number is verified and you are signed in.")
    return redirect("home")


def _code_context(verification: Verification) -> dict[str, object]:
    tone, words = wording.delivery(verification)
    wait = 0
    if verification.resend_at is not None:
        wait = max(0, math.ceil((verification.resend_at - verification.now).total_seconds()))
    return {
        "verification": verification,
        "todo": wording.todo(verification),
        "minutes": math.ceil((verification.expires_at - verification.now).total_seconds() / 60),
        "tone": tone,
        "words": words,
        "all_words": json.dumps(wording.delivery_words(verification.method)),
        "wait": wait,
        "wait_words": wording.seconds(wait),
        "same": wording.METHODS[verification.method],
        "others": [
            (name, wording.METHODS[name])
            for name in conf.profile(verification.purpose).methods
            if name != verification.method
        ],
        "sandbox": uses_sandbox(),
    }


def _numbers_of(request: HttpRequest) -> list[str]:
    if not request.user.is_authenticated:
        return []
    numbers = VerifiedNumber.objects.filter(user=request.user).values_list("number", flat=True)
    return [services.parse_number(number).as_international for number in numbers]
