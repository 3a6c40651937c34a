"""Problems of the LANCK account and its settings, with what to do about them, in English for the site's developers."""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote, urlsplit

from django.urls import NoReverseMatch, reverse

from ... import exceptions
from ...conf import conf, is_loopback
from .account import check_account

ADVICE: Final[tuple[tuple[type[exceptions.LanckError], str], ...]] = (
    (exceptions.AuthenticationFailed, "Copy ACCESS_TOKEN again from LANCK's developer console."),
    (exceptions.InactiveToken, "Activate the token in LANCK's developer console, or set ACCESS_TOKEN to another one."),
    (exceptions.InsufficientFunds, "Top up the account."),
    (exceptions.TooManyRequests, "The account is used heavily. Try again in a moment."),
    (exceptions.NotSent, "Check BASE_URL, PROXIES and CA_FILE, and this machine's connection to the internet."),
    (exceptions.OutcomeUnknown, "Check BASE_URL, or try again later."),
)


def account_problem() -> str:
    """Return what is wrong with the connection to LANCK or the account, and what to do; empty for no problem.

    Makes one call that costs nothing. Must not be called inside a transaction.
    """
    try:
        check_account()
    except exceptions.APIError as error:
        if type(error) is exceptions.APIError and error.error_code is None:
            return f"{error}. The server at BASE_URL is not LANCK's API. Check BASE_URL; it ends with /v1."
        return f"{error}. {_advice(error)}"
    except exceptions.LanckError as error:
        return f"The call to LANCK failed: {error}. {_advice(error)}"
    return ""


def _advice(error: exceptions.LanckError) -> str:
    return next((advice for kind, advice in ADVICE if isinstance(error, kind)), "Contact LANCK's support.")


def callback_problem() -> str:
    """Return why LANCK cannot reach ``CALLBACK_BASE_URL``; empty for no problem."""
    callback, lanck = (urlsplit(url).hostname or "" for url in (conf.callback_base_url, conf.base_url))
    if not is_loopback(callback) or is_loopback(lanck):
        return ""
    return f"LANCK cannot reach CALLBACK_BASE_URL: {callback} is this machine. Set it to the site's public origin."


def webhook_url(name: str, placeholder: str) -> str | None:
    """Return the URL of the webhook ``receipt`` or ``inbound`` with a placeholder for its secret.

    None without ``CALLBACK_BASE_URL``, or where the URLconf of the webhooks is not included.
    """
    if not conf.callback_base_url:
        return None
    try:
        return conf.callback_base_url + unquote(reverse(f"lanck:{name}", args=[placeholder]))
    except NoReverseMatch:
        return None
