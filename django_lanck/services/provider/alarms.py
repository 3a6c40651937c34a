"""What LANCK says about the account is told to the site once an hour, and to no person who waits for a code."""

from __future__ import annotations

import logging
from typing import Final

from django.db import Error as DatabaseTrouble
from django.db import transaction

from ... import exceptions, signals
from ...keys import keyed_hash
from ...models import LimitCounter

logger = logging.getLogger("django_lanck")

# The site's to repair, and nothing that a person did.
ACCOUNT_ERRORS: Final = (
    exceptions.AuthenticationFailed,
    exceptions.InactiveAccount,
    exceptions.InactiveToken,
    exceptions.InsufficientFunds,
    exceptions.Forbidden,
    exceptions.AccountMisconfigured,
)
RULE: Final = "provider_alarm"
QUIET_SECONDS: Final = 3600


def alarm(error: exceptions.LanckError) -> None:
    """Tell the site that LANCK refuses its account: by a line in the log and a signal, once an hour for each kind."""
    if isinstance(error, ACCOUNT_ERRORS) and _is_first(error):
        logger.error("LANCK refuses this site's account: %s", error)
        kind = type(error)
        signals.provider_alarm.send_robust(kind, kind=kind.__name__, error_code=error.error_code)


def _is_first(error: exceptions.APIError) -> bool:
    key = keyed_hash("django_lanck.alarm", type(error).__name__)[:32]
    try:
        with transaction.atomic():
            return LimitCounter.objects.once(RULE, key, QUIET_SECONDS)
    except DatabaseTrouble as trouble:
        # Whoever asked has an answer of LANCK's all the same. Twice is better than never.
        logger.warning("Whether an alarm was raised before is unknown: %s", trouble)
        return True
