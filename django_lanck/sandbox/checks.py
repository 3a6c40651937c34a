"""System checks of the permission to run and of the settings."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, Warning, register

from .api.fields import E164, is_web_url
from .conf import KEYS, conf

PERMISSION_HINT = (
    "Remove 'django_lanck.sandbox' from INSTALLED_APPS. If everyone who can open this site may read every code, "
    "set LANCK_SANDBOX = {'ALLOW_WITHOUT_DEBUG': True} instead."
)


def _error(number: int, text: str, hint: str) -> Error:
    return Error(text, hint=hint, id=f"lanck_sandbox.E{number:03}")


def check_permission() -> Iterator[CheckMessage]:
    if not conf.permitted:
        yield _error(1, "The LANCK sandbox is installed, but DEBUG is off.", PERMISSION_HINT)


def check_keys() -> Iterator[CheckMessage]:
    for key in sorted(set(map(str, conf.raw)) - KEYS):
        hint = f"Check its spelling. The keys are {', '.join(sorted(KEYS))}."
        yield _error(3, f"LANCK_SANDBOX has an unknown key {key!r}.", hint)


def check_token() -> Iterator[CheckMessage]:
    token = conf.token
    if not isinstance(token, str) or not all(token.partition(":")):
        yield _error(
            4,
            "LANCK_SANDBOX['TOKEN'] is not an access token.",
            "Set it to a string such as 'sandbox:sandbox'.",
        )


def check_allow_without_debug() -> Iterator[CheckMessage]:
    if not isinstance(conf.allow_without_debug, bool):
        yield _error(5, "LANCK_SANDBOX['ALLOW_WITHOUT_DEBUG'] is not a boolean.", "Set it to True or False.")


def check_numbers() -> Iterator[CheckMessage]:
    rate = conf.requests_per_second
    if not isinstance(rate, int) or isinstance(rate, bool) or rate < 1:
        yield _error(
            6,
            "LANCK_SANDBOX['REQUESTS_PER_SECOND'] is not a positive integer.",
            "LANCK's own limit is 30.",
        )
    for key, value in (("RECEIPT_DELAY", conf.receipt_delay), ("HANG_SECONDS", conf.hang_seconds)):
        if not _is_at_least_zero(value):
            yield _error(7, f"LANCK_SANDBOX[{key!r}] is not a number of seconds.", "Set it to 0 or more, such as 1.5.")
    if not _is_at_least_zero(conf.wait_scale):
        yield _error(
            9,
            "LANCK_SANDBOX['WAIT_SCALE'] is not a number.",
            "Set it to 0 or more: 1 waits as long as LANCK, 0.1 a tenth of that.",
        )


def _is_at_least_zero(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0


def check_callback_hosts() -> Iterator[CheckMessage]:
    hosts = conf.callback_hosts
    if (
        isinstance(hosts, str)
        or not isinstance(hosts, list | tuple | set | frozenset)
        or not all(isinstance(host, str) and host and not set(host) & set("/@* ") for host in hosts)
    ):
        yield _error(
            8,
            "LANCK_SANDBOX['CALLBACK_HOSTS'] is not a list of host names.",
            "List names without scheme and port, such as ['web']. Loopback hosts are always allowed.",
        )


def check_inbound() -> Iterator[CheckMessage]:
    number, url = conf.rented_number, conf.inbound_url
    if not isinstance(number, str) or not E164.fullmatch(number):
        yield _error(
            10,
            "LANCK_SANDBOX['RENTED_NUMBER'] is not in E.164 format.",
            "Set it to a number such as '+12065550100'.",
        )
    if url != "" and not is_web_url(url):
        yield _error(
            11,
            "LANCK_SANDBOX['INBOUND_URL'] is not an http or https URL.",
            "Set it to the URL of your site's webhook for inbound SMS, or to '' to post nothing.",
        )


@register
def check_settings(**_: Any) -> list[CheckMessage]:
    if not isinstance(conf.raw, Mapping):
        return [_error(2, "LANCK_SANDBOX is not a dictionary.", "Set LANCK_SANDBOX = {}, or remove it.")]
    checks = (
        check_permission,
        check_keys,
        check_token,
        check_allow_without_debug,
        check_numbers,
        check_callback_hosts,
        check_inbound,
    )
    return [message for check in checks for message in check()]


@register(Tags.security, deploy=True)
def check_deployment(**_: Any) -> list[CheckMessage]:
    text = "The LANCK sandbox is installed. Where it may run, everyone who can open this site can read every code."
    return [Warning(text, hint="Remove 'django_lanck.sandbox' from INSTALLED_APPS.", id="lanck_sandbox.W001")]
