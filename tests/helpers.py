"""Short forms of what many tests do, without HTTP. ``tests/README.md`` lists them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

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


def with_lanck(lanck: FakeLanck, **keys: Any) -> override_settings:
    """Return a context manager that adds keys to the ``LANCK`` settings of ``lanck``."""
    return override_settings(LANCK={**lanck.settings, **keys})


def statements(queries: Iterable[Mapping[str, str]]) -> list[str]:
    """Return the SQL of captured queries, without the statements of transactions and savepoints."""
    transactions = ("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT")
    return [query["sql"] for query in queries if not query["sql"].startswith(transactions)]


def statements_around_call(
    lanck: FakeLanck, monkeypatch: pytest.MonkeyPatch, call: Callable[[], Any]
) -> tuple[int, int]:
    """Return the number of statements before LANCK is called, and after."""
    handle, before = lanck.handle, []

    def count_and_handle(*arguments: Any) -> Any:
        before.extend(statements(log))
        return handle(*arguments)

    monkeypatch.setattr(lanck, "handle", count_and_handle)
    with CaptureQueriesContext(connection) as captured:
        log = captured.connection.queries_log
        call()
    return len(before), len(statements(captured)) - len(before)
