from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.checks import CheckMessage

from ...checks import check_settings
from ...conf import conf
from ...services import account_problem, callback_problem, webhook_url
from ..base import LanckCommand, Result, block


class Command(LanckCommand):
    help = "Check the settings of LANCK, and try the access token with one call that costs nothing."
    needs_settings = False  # it prints every problem of the settings, not only the first

    def run(self, options: Mapping[str, Any]) -> Result:
        found = check_settings()
        problems = [{"id": each.id, "text": str(each.msg), "hint": each.hint or ""} for each in found]
        if any(message.is_serious() for message in found):
            # An invalid value is neither used nor printed: it may be a secret in the wrong place.
            return Result(
                _problems(found), {"problems": problems}, "The settings are invalid. Fix them, and run it again."
            )
        account = account_problem()
        facts = {
            "base_url": conf.base_url,
            "receipts": webhook_url("receipt", "<token>"),
            "inbound": webhook_url("inbound", "<secret>"),
            "inbound_secrets": len(conf.inbound_secrets),
        }
        text = block(
            "Settings of LANCK",
            ("LANCK's API", facts["base_url"]),
            ("account", "failed, see below" if account else "LANCK accepts the access token"),
            ("receipts webhook", facts["receipts"] or "none"),
            ("inbound SMS webhook", facts["inbound"] or "none"),
            ("inbound secrets", facts["inbound_secrets"] or "none, so no inbound SMS are accepted"),
        )
        document = {**facts, "account": account or "ok", "problems": problems}
        error = " ".join(filter(None, (account, callback_problem())))
        return Result("\n".join(filter(None, (text, _problems(found)))), document, error)


def _problems(found: list[CheckMessage]) -> str:
    return "\n".join(f"  {each.id}: {each.msg} {each.hint or ''}".rstrip() for each in found)
