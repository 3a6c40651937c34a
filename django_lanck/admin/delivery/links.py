"""Links from figures to the lists of the rows that they count."""

from __future__ import annotations

from datetime import date, timedelta

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from ...services import Scope
from ...services.maintenance.retention import may_be_pruned
from ..filters import NO_VALUE


class Links:
    """The URLs of change lists for one user and one scope.

    A URL is empty when the user may not see the rows, or when retention may have deleted some of them, because the
    list would show fewer rows than the figure.
    """

    def __init__(self, request: HttpRequest, scope: Scope) -> None:
        self.user, self.scope = request.user, scope

    def messages(self, day: date | None = None, **filters: str) -> str:
        return self._url("message", "messages", day, {"is_test": "0", **self.scope.filters(), **filters})

    def verifications(self, day: date | None = None, **filters: str) -> str:
        """Return the URL of verifications; empty with a country or network, which only messages have."""
        conditions = {**self.scope.filters(), **filters}
        if "country" in conditions or "mccmnc" in conditions or conditions.get("purpose") == NO_VALUE:
            return ""
        if "channel" in conditions:
            conditions["method"] = conditions.pop("channel")
        return self._url("verification", "verifications", day, {"is_test": "0", **conditions})

    def insights(self, **filters: str) -> str:
        return "" if self.scope.country else self._url("numberinsight", "insights", None, {**filters})

    def _url(self, model: str, kind: str, day: date | None, filters: dict[str, str]) -> str:
        since, until = (day, day) if day else (self.scope.since, self.scope.until)
        if may_be_pruned(kind, since) or not self.user.has_perm(f"lanck.view_{model}"):
            return ""
        times = {"created_at__gte": since.isoformat(), "created_at__lt": (until + timedelta(days=1)).isoformat()}
        return f"{reverse(f'admin:lanck_{model}_changelist')}?{urlencode({**filters, **times})}"
