"""Alarms: errors of the LANCK account are logged and signaled once an hour. Users never see them."""

from __future__ import annotations

import logging
from typing import Final

from django.db import Error as DatabaseError
from django.db import transaction

from ... import exceptions, signals
from ...keys import keyed_hash
from ...models import LimitCounter

logger = logging.getLogger("django_lanck")

# Errors that only the site can fix.
ACCOUNT_ERRORS: Final = (
    exceptions.AuthenticationFailed,
    exceptions.InactiveAccount,
    exceptions.InactiveToken,
    exceptions.InsufficientFunds,
    exceptions.Forbidden,
    exceptions.AccountMisconfigured,
)
RULE: Final = "provider_alarm"
ALARM_INTERVAL: Final = 3600


def raise_alarm(error: exceptions.LanckError) -> None:
    """Log an error of the LANCK account and send ``provider_alarm``, once an hour for each kind of error."""
    if isinstance(error, ACCOUNT_ERRORS) and _is_first(error):
        logger.error("LANCK refuses this site's account: %s", error)
        kind = type(error)
        signals.provider_alarm.send_robust(kind, kind=kind.__name__, error_code=error.error_code)


def _is_first(error: exceptions.APIError) -> bool:
    key = keyed_hash("django_lanck.alarm", type(error).__name__)[:32]
    try:
        with transaction.atomic():
            return LimitCounter.objects.once(RULE, key, ALARM_INTERVAL)
    except DatabaseError as database_error:
        # The caller still gets LANCK's error. A second alarm is better than none.
        logger.warning("It is unknown whether an alarm was raised in the last hour: %s", database_error)
        return True
