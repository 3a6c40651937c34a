"""Test numbers: nothing is sent to them, and their code is fixed, so that app reviewers can verify them."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from django.utils import timezone

from ...conf import conf
from ...models import VerifiedNumber


def fixed_code_for(number: str, purpose: str, user: Any) -> str | None:
    """Return the fixed code of a test number, or None for any other number.

    A test number has a last day (UTC) and purposes. It has no fixed code for a staff user, nor if staff own it.
    """
    test = conf.test_numbers.get(number)
    if test is None or purpose not in test.purposes or timezone.now().astimezone(UTC).date() > test.until:
        return None
    return None if is_staff(user) or is_owned_by_staff(number) else test.code


def is_owned_by_staff(number: str) -> bool:
    """Return whether a staff user has verified this number."""
    owner = VerifiedNumber.objects.filter(number=number).select_related("user").first()
    return owner is not None and is_staff(owner.user)


def is_staff(user: Any) -> bool:
    """Return whether the user is staff or a superuser; False for None and anonymous users."""
    return bool(getattr(user, "is_staff", False) or getattr(user, "is_superuser", False))
