"""From a figure to the list of the rows that it counts."""

from __future__ import annotations

from datetime import date, timedelta

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from ...conf import conf
from ...models.time import site_day
from ...services import Scope


class Links:
    """The addresses of lists, of one person for one scope; empty where that person may not see them.

    Nor is there an address where rows of the days may be erased already: the list would show fewer than the figure.
    """

    def __init__(self, request: HttpRequest, scope: Scope) -> None:
        self.user, self.scope = request.user, scope

    def messages(self, day: date | None = None, **filters: str) -> str:
        chosen = {**self.scope.chosen(), **filters}
        return self._address("message", "messages", day, {"is_test": "0", **chosen})

    def verifications(self, day: date | None = None, **filters: str) -> str:
        """Those of a country or a network cannot be told apart in a list: that is known of messages."""
        chosen = {**self.scope.chosen(), **filters}
        if "country" in chosen or "mccmnc" in chosen or chosen.get("purpose") == "-":
            return ""
        if "channel" in chosen:
            chosen["method"] = chosen.pop("channel")
        return self._address("verification", "verifications", day, {"is_test": "0", **chosen})

    def insights(self, **filters: str) -> str:
        return "" if self.scope.country else self._address("numberinsight", "insights", None, {**filters})

    def _address(self, model: str, kept: str, day: date | None, filters: dict[str, str]) -> str:
        since, until = (day, day) if day else (self.scope.since, self.scope.until)
        days = conf.retention[kept]
        is_kept = days is None or since > site_day() - timedelta(days=days)
        if not is_kept or not self.user.has_perm(f"lanck.view_{model}"):
            return ""
        times = {"created_at__gte": since.isoformat(), "created_at__lt": (until + timedelta(days=1)).isoformat()}
        return f"{reverse(f'admin:lanck_{model}_changelist')}?{urlencode({**filters, **times})}"
