"""Numbers with a fixed code that nothing is sent to, for those who review an app without a phone of yours."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from django.utils import timezone

from ...conf import conf
from ...models import VerifiedNumber


def fixed_code_for(number: str, purpose: str, user: Any) -> str | None:
    """The fixed code of a test number; None for any other number.

    It is one until the end of its last day (UTC), for its purposes, and never for an account of the staff: neither
    for such a user, nor where the number is theirs.
    """
    test = conf.test_numbers.get(number)
    if test is None or purpose not in test.purposes or timezone.now().astimezone(UTC).date() > test.until:
        return None
    return None if is_staff(user) or is_of_staff(number) else test.code


def is_of_staff(number: str) -> bool:
    owner = VerifiedNumber.objects.filter(number=number).select_related("user").first()
    return owner is not None and is_staff(owner.user)


def is_staff(user: Any) -> bool:
    return bool(getattr(user, "is_staff", False) or getattr(user, "is_superuser", False))
