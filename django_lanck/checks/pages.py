"""Checks of the ready pages, where they are included."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.checks import Warning
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string

from ..conf import PURPOSES, conf
from ..values import CheckMessages, error, is_whole


def check_recent_authentication() -> CheckMessages:
    if not is_whole(conf.recent_authentication, 1):
        yield error(51, "LANCK['RECENT_AUTHENTICATION'] is not a time.", "It is a whole number of seconds.")


def check_page_purposes() -> CheckMessages:
    if not isinstance(conf.purposes, Mapping) or not _are_included():
        return
    missing = [purpose for purpose in PURPOSES if purpose not in conf.purposes]
    if missing:
        yield Warning(
            f"The pages for {', '.join(map(repr, missing))} answer 404: LANCK['PURPOSES'] has no such purpose.",
            hint="Add it, such as {'login': {}}, or silence this warning where the site does not use these pages. "
            "Changing the number needs 'confirm' too.",
            id="django_lanck.W010",
        )


def check_signup_form() -> CheckMessages:
    """Check the signup form; its own method ``check`` reports the details."""
    if not _are_included():
        return
    try:
        form = import_string(conf.signup_form)
    except (ImportError, AttributeError, TypeError, ValueError):
        form = None
    if not hasattr(form, "build_user"):
        hint = "It is the dotted path of a form class with django_lanck.web.forms.PhoneSignupMixin."
        yield error(50, "LANCK['SIGNUP_FORM'] is not a form that creates a user.", hint)
    else:
        yield from form.check()


def _are_included() -> bool:
    try:
        return bool(reverse("lanck_web:signup"))
    except NoReverseMatch:
        return False
