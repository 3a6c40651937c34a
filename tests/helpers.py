"""Short forms of what many tests do, without HTTP. ``tests/README.md`` lists them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from django_lanck.exceptions import Refusal
from django_lanck.models import Verification
from django_lanck.services import CheckResult, check_verification, start_verification
from django_lanck.testing import FakeLanck

PHONE = "+12015550123"


def start(number: str = PHONE, **arguments: Any) -> Verification:
    """Start a verification of the number."""
    return start_verification(number=number, **arguments)


def check(verification: Verification, code: str, **arguments: Any) -> CheckResult:
    """Check a code of the verification."""
    return check_verification(verification_id=verification.pk, code=code, **arguments)


def prove(lanck: FakeLanck, number: str = PHONE, *, binding: str = "", **arguments: Any) -> str:
    """Start a verification, check the code that ``lanck`` sent, and return the proof."""
    verification = start(number, binding=binding, **arguments)
    proof = check(verification, lanck.sent[-1].code, binding=binding).proof
    assert proof
    return proof


def wrong_code(code: str, step: int = 1) -> str:
    """Return a code of the same length with other digits; another one for each ``step``."""
    return f"{(int(code) + step) % 10 ** len(code):0{len(code)}}"


def catch_refusal(call: Callable[..., Any], *arguments: Any, **keywords: Any) -> Refusal:
    """Call a function that has to raise ``Refusal``, and return the exception."""
    with pytest.raises(Refusal) as caught:
        call(*arguments, **keywords)
    return caught.value
