"""Checks for ``check --deploy``: settings that are valid but wrong on a production site."""

from __future__ import annotations

from typing import Final

from django.core.checks import Warning

from ..channels import CALLER_CODE_CHANNELS
from ..conf import conf, is_loopback, parse_address
from ..conf.profiles import STRICT_PURPOSES
from ..conf.rules import RULES
from ..values import CheckMessages, error

MOST_STRICT_ATTEMPTS: Final = 5


def check_proxies() -> CheckMessages:
    if conf.trusted_proxies is None:
        yield Warning(
            "LANCK['TRUSTED_PROXIES'] is not set, so limits by address are only watched for private addresses.",
            hint="List the networks of your proxies, such as ['10.0.0.0/8']; set it to [] for a site without proxies.",
            id="django_lanck.W006",
        )


def check_limits() -> CheckMessages:
    profiles = [conf.profile(purpose) for purpose in conf.purposes]
    unlimited = [profile.purpose for profile in profiles if profile.limits is None or profile.check_limits is None]
    watched = [rule.name for rule in RULES.values() if rule.is_essential and rule.name in conf.watch]
    if unlimited:
        yield Warning(
            f"There are no limits for {', '.join(map(repr, unlimited))}.",
            hint="Anyone can send codes at your cost, or guess codes. Leave LIMITS and CHECK_LIMITS out.",
            id="django_lanck.W007",
        )
    if watched:
        yield Warning(
            f"The limits {', '.join(map(repr, watched))} are only watched.",
            hint="Remove them from WATCH once you have seen that they refuse no legitimate requests.",
            id="django_lanck.W007",
        )


def check_strict_purposes() -> CheckMessages:
    for purpose, own in conf.purposes.items():
        profile = conf.profile(purpose)
        is_weak = (
            profile.max_attempts > MOST_STRICT_ATTEMPTS
            or profile.code_length < 6
            or not CALLER_CODE_CHANNELS.isdisjoint([*profile.methods, *profile.channels])
        )
        if is_weak and (purpose in STRICT_PURPOSES or own.get("STRICT")):
            yield Warning(
                f"The purpose {purpose!r} gives access to an account, but its codes are easy to guess.",
                hint="Remove the settings that weaken it: more than 5 attempts, fewer than 6 digits, flash calls.",
                id="django_lanck.W008",
            )


def check_test_numbers() -> CheckMessages:
    if conf.test_numbers:
        yield Warning(
            f"{len(conf.test_numbers)} test numbers have a fixed code.",
            hint="Remove them when the review of your app is finished.",
            id="django_lanck.W009",
        )


def check_former_numbers() -> CheckMessages:
    if "change_number" in conf.purposes and not conf.notify_former_number:
        yield Warning(
            "LANCK['NOTIFY_FORMER_NUMBER'] is off: nothing is sent to the former number after a change.",
            hint="Set it to True, so that the owner is informed of a change by another person. Each text is an SMS.",
            id="django_lanck.W011",
        )


def check_callbacks() -> CheckMessages:
    parts = parse_address(conf.callback_base_url)
    if parts and parts.scheme != "https":
        hint = "Set it to the https address of this site."
        yield error(48, "LANCK['CALLBACK_BASE_URL'] is not https: receipts would arrive unencrypted.", hint)


def check_base_url() -> CheckMessages:
    parts = parse_address(conf.base_url)
    if parts and is_loopback(parts.hostname or ""):
        hint = "Set it to 'https://HOST/v1' of your account."
        yield error(49, "LANCK['BASE_URL'] is on this machine: it is a sandbox, and no code reaches a phone.", hint)


CHECKS: Final = (
    check_proxies,
    check_limits,
    check_strict_purposes,
    check_test_numbers,
    check_former_numbers,
    check_callbacks,
    check_base_url,
)
