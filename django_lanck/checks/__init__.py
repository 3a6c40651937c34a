"""System checks: every value of ``LANCK`` that does not fit is named when the site starts.

Each function looks at one thing and yields what is wrong with it, with a hint that says what to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register

from ..conf import KEYS, conf
from ..guard import checks as guard
from ..values import Found, error
from . import background, codes, connection, site


def check_keys() -> Found:
    if not isinstance(conf.raw, Mapping):
        yield error(1, "LANCK is not a dictionary.", "Set LANCK = {'ACCESS_TOKEN': …, 'BASE_URL': …}.")
        return
    for key in sorted(set(map(str, conf.raw)) - KEYS):
        yield error(2, f"LANCK has an unknown key {key!r}.", "Look for a slip in its name.")


CHECKS = (
    connection.check_access_token,
    connection.check_base_url,
    connection.check_callback_base_url,
    connection.check_callback_route,
    connection.check_times,
    connection.check_transport,
    connection.check_senders,
    connection.check_provider_limits,
    codes.check_purposes,
    codes.check_own_codes,
    background.check_inbound,
    background.check_background,
    background.check_retention,
    site.check_api_classes,
    site.check_staff_api,
    site.check_metrics,
    site.check_time_zones,
    site.check_sessions,
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
