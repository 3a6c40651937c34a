"""Decisions about access that several interfaces make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.crypto import constant_time_compare
from django.views.decorators.debug import sensitive_variables

from ..conf import conf

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser


def may_see_numbers(user: AbstractBaseUser | AnonymousUser) -> bool:
    """Return whether a user sees whole phone numbers; others see them masked."""
    return user.has_perm("lanck.view_number")  # type: ignore[union-attr]


@sensitive_variables()
def is_metrics_token(given: str) -> bool:
    """Return whether this is one of ``METRICS_TOKENS``. Every token is compared, in constant time."""
    matches = [constant_time_compare(given, token) for token in conf.metrics_tokens]
    return any(matches)
