"""Checks of the site: classes of the APIs, metrics, time zones, sessions."""

from __future__ import annotations

import importlib.util

from django.conf import settings
from django.core.checks import Warning
from django.utils.module_loading import import_string

from ..conf import conf
from ..values import CheckMessages, error, is_list, is_secret


def check_api_classes() -> CheckMessages:
    for key in ("API_PERMISSION_CLASSES", "API_THROTTLE_CLASSES", "API_AUTHENTICATION_CLASSES"):
        paths = conf.raw.get(key) or []
        try:
            for path in paths:
                import_string(path)
        except (ImportError, TypeError, AttributeError):
            yield error(16, f"LANCK['{key}'] has a class that cannot be imported.", "It is a list of dotted paths.")


def check_staff_api() -> CheckMessages:
    if not isinstance(conf.raw.get("STAFF_API", False), bool):
        yield error(27, "LANCK['STAFF_API'] is neither True nor False, so it is off.", "Set it to True or False.")


def check_metrics() -> CheckMessages:
    if not is_list(conf.metrics_tokens, is_secret):
        hint = "It is a list of secrets of at least 20 letters, digits, - or _; two while one replaces the other."
        yield error(30, "LANCK['METRICS_TOKENS'] has an invalid token.", hint)
    elif conf.metrics_tokens and importlib.util.find_spec("prometheus_client") is None:
        hint = "Install django-lanck[metrics], or leave METRICS_TOKENS out."
        yield error(31, "LANCK['METRICS_TOKENS'] is set, but prometheus-client is not installed.", hint)


def check_time_zones() -> CheckMessages:
    if not settings.USE_TZ:
        yield error(17, "USE_TZ is off.", "Set USE_TZ = True: this app needs times with a time zone.")
    for alias, database in settings.DATABASES.items():
        if database.get("TIME_ZONE") not in (None, "UTC"):
            yield error(18, f"DATABASES[{alias!r}] has a TIME_ZONE.", "Leave it out: times are stored in UTC.")


def check_sessions() -> CheckMessages:
    if "django.contrib.sessions.middleware.SessionMiddleware" not in settings.MIDDLEWARE:
        yield Warning(
            "Sessions are off, so only logged-in users can verify a number through the API.",
            hint="Add django.contrib.sessions to INSTALLED_APPS and its middleware to MIDDLEWARE.",
            id="django_lanck.W002",
        )
