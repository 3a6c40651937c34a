from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from django.core.checks import CheckMessage
from django.urls import NoReverseMatch, reverse

from ... import exceptions
from ...checks import check_settings
from ...conf import conf, is_loopback
from ...services import check_account
from ..base import Answer, LanckCommand, block

# What to do about what LANCK says of the account.
ADVICE: Final[tuple[tuple[type[exceptions.LanckError], str], ...]] = (
    (exceptions.AuthenticationFailed, "Copy ACCESS_TOKEN anew from LANCK's developer console."),
    (exceptions.InactiveToken, "Activate the token in LANCK's developer console, or set ACCESS_TOKEN to another one."),
    (exceptions.InsufficientFunds, "Top up the account."),
    (exceptions.TooManyRequests, "Something uses the account heavily. Try again in a moment."),
    (exceptions.NotSent, "Look at BASE_URL, PROXIES and CA_FILE, and at this machine's way out."),
    (exceptions.OutcomeUnknown, "Look at BASE_URL, or try again later."),
)


class Command(LanckCommand):
    help = "Check the settings of LANCK, and try the access token with one call that costs nothing."
    needs_settings = False  # it says all that is wrong with them, not only the first

    def answer(self, options: Mapping[str, Any]) -> Answer:
        found = check_settings()
        errors = [message for message in found if message.is_serious()]
        problems = [{"id": each.id, "text": str(each.msg), "hint": each.hint or ""} for each in found]
        if errors:  # what does not fit must not be tried, nor printed: it may be a secret in the wrong place
            return Answer(
                _problems(found), {"problems": problems}, "The settings do not fit. Mend them, and run it again."
            )
        account = _account()
        trouble = " ".join(filter(None, (account, _unreachable_callback())))
        facts = {
            "base_url": conf.base_url,
            "receipts": _address("receipt", "<token>"),
            "inbound": _address("inbound", "<secret>"),
            "inbound_secrets": len(conf.inbound_secrets),
        }
        text = block(
            "Settings of LANCK",
            ("LANCK's API", facts["base_url"]),
            ("account", "there is trouble, see below" if account else "LANCK takes the access token"),
            ("receipts come to", facts["receipts"] or "nowhere"),
            ("inbound SMS come to", facts["inbound"] or "nowhere"),
            ("inbound secrets", facts["inbound_secrets"] or "none, so no inbound SMS are taken"),
        )
        document = {**facts, "account": account or "ok", "problems": problems}
        return Answer("\n".join(filter(None, (text, _problems(found)))), document, trouble)


def _problems(found: list[CheckMessage]) -> str:
    return "\n".join(f"  {each.id}: {each.msg} {each.hint or ''}".rstrip() for each in found)


def _account() -> str:
    """What is wrong with the way to LANCK or the account, and what to do; empty when all is well."""
    try:
        check_account()
    except exceptions.APIError as error:
        if type(error) is exceptions.APIError and error.error_code is None:
            return f"{error}. What answers at BASE_URL is not LANCK's API. Look at BASE_URL, up to and with /v1."
        return f"{error}. {_advice(error)}"
    except exceptions.LanckError as error:
        return f"LANCK cannot be asked: {error}. {_advice(error)}"
    return ""


def _advice(error: exceptions.LanckError) -> str:
    return next((advice for kind, advice in ADVICE if isinstance(error, kind)), "Ask LANCK's support.")


def _unreachable_callback() -> str:
    callback, lanck = (urlsplit(url).hostname or "" for url in (conf.callback_base_url, conf.base_url))
    if not is_loopback(callback) or is_loopback(lanck):
        return ""
    return f"LANCK cannot reach CALLBACK_BASE_URL: {callback} is this machine. Set it to the site's public origin."


def _address(name: str, placeholder: str) -> str | None:
    if not conf.callback_base_url:
        return None
    try:
        return conf.callback_base_url + unquote(reverse(f"lanck:{name}", args=[placeholder]))
    except NoReverseMatch:
        return None
