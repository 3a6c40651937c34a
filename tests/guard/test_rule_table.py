"""The table of rules: every module that names a rule or a limit reads it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from django_lanck import guard
from django_lanck.conf import conf
from django_lanck.conf.rules import CHECK_LIMITS, LIMITS, RULES, SEND_LIMITS, limit_name
from django_lanck.guard.limits import limits_of

PAGE = Path(guard.__file__).parent.parent.parent / "docs" / "limits.md"


def attempt(action, **fields):
    profile = None if action == "send" else conf.profile("signup")
    values = {"user_id": 7, "session": "hash", "address": "203.0.113.9", **fields}
    return guard.Attempt(action, "+12015550123", "US", profile=profile, **values)


@pytest.mark.parametrize("rule", RULES)
def test_rule_is_named_in_the_documentation(rule):
    assert f"`{rule}`" in PAGE.read_text()


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_rule_has_a_label(rule):
    assert re.search(r"\w", str(rule.label))


@pytest.mark.parametrize(("action", "key", "limits"), [
    ("start", "LIMITS", LIMITS), ("check", "CHECK_LIMITS", CHECK_LIMITS), ("send", "SEND_LIMITS", SEND_LIMITS),
])  # fmt: skip
def test_each_limit_that_can_be_set_is_counted(settings, action, key, limits):
    settings.LANCK = {**settings.LANCK, key: {name: ["1/day"] for name in limits}}
    counted = {limit.rule for limit in limits_of(attempt(action))}
    if action == "start":
        counted |= {limit.rule for limit in limits_of(attempt(action, user_id=None))}
    assert set(limits) <= counted
    assert all(action in RULES[rule].limits for rule in counted)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_each_limit_that_staff_see_has_a_name(rule):
    """A limit by address is never shown: no row stores the address."""
    named = {action for action, limit in rule.limits.items() if limit.name}
    assert named == (set() if rule.name == "address" else set(rule.limits))


def test_limit_name_of_an_unknown_rule_is_the_rule():
    assert limit_name("start", "number") == "codes to this number"
    assert limit_name("send", "user") == "user"
    assert limit_name("start", "new_rule") == "new_rule"
