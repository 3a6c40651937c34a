"""System checks: they report every invalid value of ``LANCK`` when the site starts.

Each function examines one subject and yields a message, with a hint, for each problem.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register

from ..conf import KEYS, conf
from ..values import CheckMessages, error
from . import accounts, background, codes, connection, deployment, fixed_codes, guard, pages, site


def check_keys() -> CheckMessages:
    if not isinstance(conf.raw, Mapping):
        yield error(1, "LANCK is not a dictionary.", "Set LANCK = {'ACCESS_TOKEN': …, 'BASE_URL': …}.")
        return
    for key in sorted(set(map(str, conf.raw)) - KEYS):
        yield error(2, f"LANCK has an unknown key {key!r}.", "Check its spelling.")


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
    accounts.check_account_guard,
    accounts.check_notify_former_number,
    accounts.check_login_response,
    pages.check_recent_authentication,
    pages.check_page_purposes,
    pages.check_signup_form,
    guard.check_send_limits,
    guard.check_watch,
    guard.check_line_types,
    guard.check_conversion,
    guard.check_trusted_proxies,
    guard.check_guard,
    guard.check_screening,
    fixed_codes.check_test_numbers,
    guard.check_open_countries,
)


@register
def check_settings(**kwargs: Any) -> list[CheckMessage]:
    found = list(check_keys())
    if isinstance(conf.raw, Mapping):
        found += [message for check in CHECKS for message in check()]
    return found


@register(Tags.security, deploy=True)
def check_deployment(**kwargs: Any) -> list[CheckMessage]:
    """Check what is valid but wrong in production. Skipped while settings are invalid, which is already reported."""
    if any(isinstance(message, Error) for message in check_settings()):
        return []
    return [message for check in deployment.CHECKS for message in check()]
