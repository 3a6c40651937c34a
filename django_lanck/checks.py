"""System checks: every value of ``LANCK`` that does not fit is named when the site starts.

Each function looks at one thing and yields what is wrong with it, with a hint that says what to do.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string

from .conf import (
    CHANNELS,
    CODE_LENGTHS,
    CODE_SOURCES,
    KEYS,
    METHODS,
    PROFILE_KEYS,
    PURPOSE_KEYS,
    RETENTION,
    SENDER_LENGTH,
    conf,
    is_access_token,
    is_base_url,
    parse_address,
)
from .guard import checks as guard
from .text import fits_one_sms
from .values import Found
from .values import error as _error
from .values import is_number as _number
from .values import is_whole as _whole
from .values import some_of as _some_of

PURPOSE_LENGTH = 50
PROVIDER_RATE = 30  # requests a second. Source: "Rate limits" on LANCK's page
MOST_DAYS = 3650  # every database can count so far back
HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]*[a-z0-9])?", re.IGNORECASE)
SECRET = re.compile(r"[A-Za-z0-9_-]{20,}")
FLOW_CHANNELS = (("push",), ("viber",), ("rcs",), ("sms",))


def check_keys() -> Found:
    if not isinstance(conf.raw, Mapping):
        yield _error(1, "LANCK is not a dictionary.", "Set LANCK = {'ACCESS_TOKEN': …, 'BASE_URL': …}.")
        return
    for key in sorted(set(map(str, conf.raw)) - KEYS):
        yield _error(2, f"LANCK has an unknown key {key!r}.", "Look for a slip in its name.")


def check_access_token() -> Found:
    if not is_access_token(conf.raw.get("ACCESS_TOKEN")):
        yield _error(
            3,
            "LANCK['ACCESS_TOKEN'] is not an access token.",
            "It is one string, 'id:secret', from LANCK's developer console. Read it from the environment.",
        )


def check_base_url() -> Found:
    if not is_base_url(conf.raw.get("BASE_URL")):
        yield _error(
            4,
            "LANCK['BASE_URL'] is not the address of LANCK's API.",
            "It looks like 'https://HOST/v1'. Plain http is for a sandbox on this machine only.",
        )


def check_callback_base_url() -> Found:
    value = conf.raw.get("CALLBACK_BASE_URL")
    parts = parse_address(value)
    if value and (parts is None or parts.path.strip("/")):
        hint = "It looks like 'https://www.example.com', without a path."
        yield _error(5, "LANCK['CALLBACK_BASE_URL'] is not an origin.", hint)
    if not value:
        yield Warning(
            "LANCK['CALLBACK_BASE_URL'] is not set, so LANCK cannot say what became of a message.",
            hint="Set it to this site's public origin, such as 'https://www.example.com'.",
            id="django_lanck.W001",
        )


def check_callback_route() -> Found:
    if not conf.callback_base_url:
        return
    try:
        reverse("lanck:receipt", args=["token"])
    except NoReverseMatch:
        yield _error(
            6,
            "There is no address for LANCK's delivery receipts.",
            "Add path('lanck/', include('django_lanck.urls')) to the root URLconf.",
        )


def check_times() -> Found:
    for key in ("CONNECT_TIMEOUT", "READ_TIMEOUT", "TOTAL_TIMEOUT"):
        if key in conf.raw and not _number(conf.raw[key], above=0):
            yield _error(7, f"LANCK['{key}'] is not a time.", "It is a number of seconds above 0.")
    if not _number(conf.rate_limit_wait, above=-1) or conf.rate_limit_wait < 0:
        yield _error(7, "LANCK['RATE_LIMIT_WAIT'] is not a time.", "It is a number of seconds, 0 for no wait.")


def check_transport() -> Found:
    if conf.ca_file and not _is_ca_file(conf.ca_file):
        yield _error(8, "LANCK['CA_FILE'] names no PEM bundle.", "Give the path of one, or leave it out.")
    if not isinstance(conf.proxies, Mapping) or not all(map(_is_proxy, conf.proxies.values())):
        yield _error(9, "LANCK['PROXIES'] is no dictionary of proxies.", "Such as {'https': 'http://proxy:3128'}.")
    if not _whole(conf.max_answer_bytes, 1024):
        yield _error(10, "LANCK['MAX_ANSWER_BYTES'] is not a size.", "It is a number of bytes from 1024.")
    if not _whole(conf.breaker_failures, 0):
        yield _error(29, "LANCK['BREAKER_FAILURES'] is not a number.", "It is a whole number, 0 to switch it off.")


def _is_ca_file(path: str) -> bool:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except (OSError, ValueError):
        return False
    return True


def _is_proxy(value: object) -> bool:
    """Whether it names a host; without a scheme, requests takes it for http."""
    if not isinstance(value, str) or not value.isprintable() or " " in value:
        return False
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def check_senders() -> Found:
    senders = conf.senders
    fits = isinstance(senders, Mapping) and all(
        isinstance(key, str) and isinstance(sender, str) and sender.strip() and len(sender) <= SENDER_LENGTH
        for key, sender in senders.items()
    )
    if not fits:
        yield _error(
            11,
            "LANCK['SENDERS'] is no dictionary of senders.",
            "Its keys are 'sms', 'GB' or 'sms:GB', its values what LANCK allowed as sender, of at most 20 characters.",
        )


def check_provider_limits() -> Found:
    for key in ("PROVIDER_CODE_EXPIRY", "PROVIDER_CHECK_ATTEMPTS"):
        if conf.raw.get(key) is not None and not _whole(conf.raw[key], 1):
            yield _error(12, f"LANCK['{key}'] is not a positive number.", "Leave it out to use LANCK's own.")
    if not isinstance(conf.send_client_ip, bool):
        yield _error(13, "LANCK['SEND_CLIENT_IP'] is neither True nor False.", "Set it to one of them.")


def check_purposes() -> Found:
    purposes = conf.purposes
    fits = isinstance(purposes, Mapping) and all(
        isinstance(purpose, str) and 0 < len(purpose) <= PURPOSE_LENGTH and isinstance(own, Mapping)
        for purpose, own in purposes.items()
    )
    if not fits:
        hint = (
            "Such as {'signup': {'PUBLIC': True}}; what a purpose leaves out is the site's. "
            f"Its name has at most {PURPOSE_LENGTH} characters."
        )
        yield _error(14, "LANCK['PURPOSES'] is no dictionary of purposes.", hint)
        return
    for purpose, own in purposes.items():
        for key in sorted(set(map(str, own)) - PROFILE_KEYS - PURPOSE_KEYS):
            yield _error(2, f"LANCK['PURPOSES'][{purpose!r}] has an unknown key {key!r}.", "Look for a slip.")
        yield from _check_profile({**conf.raw, **own}, f"for the purpose {purpose!r}")


def _check_profile(values: Mapping[str, Any], where: str) -> Found:
    for key, (fits, hint) in PROFILE_VALUES.items():
        if key in values and not fits(values[key]):
            yield _error(15, f"LANCK: {key} {where} does not fit.", hint)


def check_own_codes() -> Found:
    texts = conf.code_texts
    fits = isinstance(texts, Mapping) and all(
        isinstance(language, str) and isinstance(text, str) and "{code}" in text for language, text in texts.items()
    )
    if not fits:
        hint = "Such as {'': '{code} is your code.', 'de': '{code} ist Ihr Code.'}: each text has {code} in it."
        yield _error(19, "LANCK['CODE_TEXTS'] is no dictionary of texts.", hint)
    if not isinstance(conf.code_host, str) or not (conf.code_host == "" or HOST.fullmatch(conf.code_host)):
        yield _error(20, "LANCK['CODE_HOST'] is no host.", "Such as 'www.example.com', without https:// and port.")
    elif fits:
        last_line = f"\n\n@{conf.code_host} #123456" if conf.code_host else ""
        for language, text in texts.items():
            if not fits_one_sms(text.replace("{code}", "123456") + last_line):
                yield _error(
                    21,
                    f"LANCK['CODE_TEXTS'][{language!r}] is longer than one SMS.",
                    "With a code of 6 digits and the line for CODE_HOST it has room for 160 characters, 70 where one "
                    "of them is not in the GSM alphabet.",
                )
    if not _is_code_flow(conf.code_flow):
        hint = "Such as [('push', 30, 'delivered'), ('sms',)]: channel, seconds, and 'delivered' or 'read'."
        yield _error(22, "LANCK['CODE_FLOW'] is no list of steps.", hint)


def _is_code_flow(steps: object) -> bool:
    if not isinstance(steps, list | tuple) or not steps or not all(isinstance(step, list | tuple) for step in steps):
        return False
    *before, last = steps
    return tuple(last) in FLOW_CHANNELS and all(
        len(step) == 3 and (step[0],) in FLOW_CHANNELS and _whole(step[1], 1) and step[2] in ("delivered", "read")
        for step in before
    )


def check_inbound() -> Found:
    secrets = conf.inbound_secrets
    fits = isinstance(secrets, list | tuple) and all(isinstance(secret, str) for secret in secrets)
    if not fits or not all(SECRET.fullmatch(secret) for secret in secrets):
        hint = "It is a list of secrets of at least 20 letters, digits, - or _; two while one takes the other's place."
        yield _error(23, "LANCK['INBOUND_SECRETS'] has a secret that does not fit.", hint)
    words = conf.stop_words
    if not isinstance(words, list | tuple) or not all(isinstance(word, str) and word.strip() for word in words):
        yield _error(24, "LANCK['STOP_WORDS'] is no list of words.", "Such as ['STOP', 'UNSUBSCRIBE'].")


def check_background() -> Found:
    if not (conf.insight_lifetime == 0 or _number(conf.insight_lifetime, above=0)):
        yield _error(25, "LANCK['INSIGHT_LIFETIME'] is not a time.", "It is a number of seconds, 0 to ask each time.")
    for key in ("RECONCILE_AFTER", "RECONCILE_DAYS"):
        most = MOST_DAYS if key == "RECONCILE_DAYS" else 10**9
        if key in conf.raw and not _number(conf.raw[key], above=0, most=most):
            yield _error(26, f"LANCK['{key}'] is not a number above 0.", "Leave it out for the default.")
    if "BACKGROUND_RATE" in conf.raw and not _number(conf.background_rate, above=0):
        yield _error(28, "LANCK['BACKGROUND_RATE'] is not a number above 0.", "It is requests a second, such as 10.")
    elif conf.background_rate >= PROVIDER_RATE:
        yield Warning(
            "LANCK['BACKGROUND_RATE'] leaves nothing for the people who wait.",
            hint=f"LANCK takes {PROVIDER_RATE} requests a second from an account. Set it well below.",
            id="django_lanck.W003",
        )


def check_retention() -> Found:
    own = conf.raw.get("RETENTION", {})
    fits = isinstance(own, Mapping) and set(own) <= set(RETENTION)
    if not fits or not all(days is None or _number(days, above=0, most=MOST_DAYS) for days in own.values()):
        hint = f"Such as {{'messages': 180, 'receipts': None}}. Kinds: {', '.join(RETENTION)}; None keeps for ever."
        yield _error(32, "LANCK['RETENTION'] is no dictionary of days.", hint)
        return
    needed = {**LEAST_DAYS, **_days_in_use()}
    for kind, days in conf.retention.items():
        at_least = needed[kind]
        if days is not None and days < at_least:
            hint = f"At least {at_least:g} days: {WHY_KEPT[kind]}"
            yield _error(33, f"LANCK['RETENTION'][{kind!r}] is too short.", hint)
    if _longer(conf.retention["messages"], conf.retention["verifications"]):
        yield Warning(
            "LANCK['RETENTION'] keeps messages longer than verifications, and a verification stays with its messages.",
            hint="Give 'messages' at most the days of 'verifications'.",
            id="django_lanck.W004",
        )


# Shorter than that, pruning would take away what is still needed.
LEAST_DAYS = {
    "verifications": 1,
    "receipts": 2,
    "inbound": 2,
    "counters": 1,
    "refusals": 1,
}
WHY_KEPT = {
    "verifications": "a person may still be typing the code.",
    "messages": "for RECONCILE_DAYS LANCK is asked about them, and receipts come late.",
    "receipts": "LANCK repeats them, and repeats are known by the first one.",
    "inbound": "LANCK repeats them for a day, and repeats are known by the first one.",
    "insights": "for INSIGHT_LIFETIME they are used again instead of paid again.",
    "counters": "a limit that has just ended may be in force.",
    "refusals": "today's are still counted.",
}


def _days_in_use() -> dict[str, float]:
    """What other settings ask for, unless they are wrong themselves."""
    reconciled, used = conf.reconcile_days, conf.insight_lifetime
    return {
        "messages": reconciled + 1 if _number(reconciled, above=0, most=MOST_DAYS) else 0,
        "insights": used / 86_400 if _number(used, above=0) else 0,
    }


def _longer(days: float | None, other: float | None) -> bool:
    return other is not None and (days is None or days > other)


def check_api_classes() -> Found:
    for key in ("API_PERMISSION_CLASSES", "API_THROTTLE_CLASSES", "API_AUTHENTICATION_CLASSES"):
        paths = conf.raw.get(key) or []
        try:
            for path in paths:
                import_string(path)
        except (ImportError, TypeError, AttributeError):
            yield _error(16, f"LANCK['{key}'] has a class that cannot be imported.", "It is a list of dotted paths.")


def check_staff_api() -> Found:
    if not isinstance(conf.raw.get("STAFF_API", False), bool):
        yield _error(27, "LANCK['STAFF_API'] is neither True nor False, so it is off.", "Set it to one of them.")


PROFILE_VALUES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "METHODS": (_some_of(METHODS), "It is a list of some of 'sms', 'voice', 'call'; the first one is the default."),
    "CHANNELS": (_some_of(CHANNELS), f"It is a list of some of {', '.join(CHANNELS)}; the first one is the default."),
    "CODE_SOURCE": (lambda value: value in CODE_SOURCES, "It is 'lanck' or 'site'."),
    "CODE_LENGTH": (lambda value: _whole(value, min(CODE_LENGTHS), max(CODE_LENGTHS)), "It is 4, 5 or 6."),
    "MAX_ATTEMPTS": (lambda value: _whole(value, 1, 100), "It is a whole number from 1 to 100."),
    "CODE_LIFETIME": (lambda value: _whole(value, 1), "It is a whole number of seconds."),
    "PROOF_LIFETIME": (lambda value: _whole(value, 1), "It is a whole number of seconds."),
    "RESEND_WAITS": (
        lambda value: isinstance(value, list | tuple) and all(_whole(wait, 0) for wait in value),
        "It is a list of whole seconds: the wait before the first resend, the second, and so on.",
    ),
    "PUBLIC": (lambda value: isinstance(value, bool), "It is True or False."),
    **guard.PROFILE_VALUES,
}


def check_time_zones() -> Found:
    if not settings.USE_TZ:
        yield _error(17, "USE_TZ is off.", "Set USE_TZ = True: this app compares times that know their zone.")
    for alias, database in settings.DATABASES.items():
        if database.get("TIME_ZONE") not in (None, "UTC"):
            yield _error(18, f"DATABASES[{alias!r}] has a TIME_ZONE.", "Leave it out: times are stored in UTC.")


def check_sessions() -> Found:
    if "django.contrib.sessions.middleware.SessionMiddleware" not in settings.MIDDLEWARE:
        yield Warning(
            "Sessions are off, so only logged-in users can verify a number through the API.",
            hint="Add django.contrib.sessions to INSTALLED_APPS and its middleware to MIDDLEWARE.",
            id="django_lanck.W002",
        )


CHECKS = (
    check_access_token,
    check_base_url,
    check_callback_base_url,
    check_callback_route,
    check_times,
    check_transport,
    check_senders,
    check_provider_limits,
    check_purposes,
    check_own_codes,
    check_inbound,
    check_background,
    check_retention,
    check_api_classes,
    check_staff_api,
    check_time_zones,
    check_sessions,
    *guard.CHECKS,
)


@register
def check_settings(**kwargs: Any) -> list[CheckMessage]:
    found = list(check_keys())
    if isinstance(conf.raw, Mapping):
        found += [message for check in CHECKS for message in check()]
    return found


@register(Tags.security, deploy=True)
def check_deployment(**kwargs: Any) -> list[CheckMessage]:
    if any(isinstance(message, Error) for message in check_settings()):
        return []  # what does not fit cannot be looked at; it is told already
    return [message for check in guard.DEPLOY_CHECKS for message in check()]
