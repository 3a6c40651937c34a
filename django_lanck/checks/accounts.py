"""Checks of the settings of accounts."""

from __future__ import annotations

from ..conf import conf
from ..values import CheckMessages, error, is_path_of_function


def check_account_guard() -> CheckMessages:
    if not is_path_of_function(conf.raw.get("ACCOUNT_GUARD")):
        hint = "It is the dotted path of a function that takes a user and a purpose, such as 'shop.guard.let_in'."
        yield error(53, "LANCK['ACCOUNT_GUARD'] cannot be imported and called.", hint)


def check_notify_former_number() -> CheckMessages:
    if not isinstance(conf.raw.get("NOTIFY_FORMER_NUMBER", False), bool):
        hint = "Set it to True or False."
        yield error(54, "LANCK['NOTIFY_FORMER_NUMBER'] is neither True nor False, so it is off.", hint)


def check_login_response() -> CheckMessages:
    if not is_path_of_function(conf.raw.get("LOGIN_RESPONSE")):
        hint = "It is the dotted path of a function that takes a request and a user, such as 'shop.api.tokens'."
        yield error(55, "LANCK['LOGIN_RESPONSE'] cannot be imported and called.", hint)
