"""``python testproject/manage.py demo_data``: months of sample traffic for the admin and the dashboard."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, Final

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.core.management.base import BaseCommand, CommandError
from django.db import models
from django.utils import timezone

from django_lanck.conf import conf
from django_lanck.guard.limits import conversion_limit
from django_lanck.management.base import positive
from django_lanck.models import (
    CountedDay,
    DayCount,
    DeliveryDay,
    InboundMessage,
    LimitCounter,
    Message,
    NumberInsight,
    OptOut,
    Receipt,
    RefusalCount,
    Verification,
    VerifiedNumber,
)
from django_lanck.services import count_days, pause_prefix
from testproject.traffic import ATTACK, PROBE, PROBES, Rows, rows_of_days

BATCH: Final = 1000
USER_PREFIX: Final = "demo-"
# The models in the order in which their rows can be deleted.
MODELS: Final = (Receipt, Message, OptOut, InboundMessage, NumberInsight, VerifiedNumber, Verification,
                     RefusalCount, LimitCounter, CountedDay, DeliveryDay, DayCount)  # fmt: skip
# Rows that began later than this are left out, so that no verification is still open.
LEAD_TIME: Final = timedelta(minutes=15)


class Command(BaseCommand):
    help = (
        "Fill the demo with sample traffic: days and nights, weekends, nine countries (one fails for a day), a pumping "
        "attack on one prefix, and hours in which LANCK refuses messages or does not answer. The same seed and last "
        "day create the same rows."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--days", type=positive(int), default=90, help="number of days (default: 90)")
        parser.add_argument(
            "--messages", type=positive(int), default=20_000, help="approximate number of messages (default: 20000)"
        )
        parser.add_argument("--seed", type=int, default=1, help="seed of the random choices (default: 1)")
        parser.add_argument(
            "--until", type=_past_day, help="the last day, such as 2026-01-31 (default: today, up to now)"
        )
        parser.add_argument("--replace", action="store_true", help="delete all messages and verifications first")

    def handle(self, *, days: int, messages: int, seed: int, until: date | None, replace: bool, **options: Any) -> None:
        _refuse_real_account()
        if replace:
            _delete_everything()
        elif Message.objects.exists() or Verification.objects.exists():
            raise CommandError("The database has messages. Use --replace to delete all of them first.")
        until = until or timezone.localdate()
        owners: dict[str, Verification] = {}
        for day, rows in rows_of_days(until, days=days, messages=messages, seed=seed):
            _store(rows.until(timezone.now() - LEAD_TIME), owners)
            if options["verbosity"] > 1:
                self.stdout.write(f"{day}: {len(rows.messages)} messages")
        _store_owners(owners)
        count_days()
        if until == timezone.localdate() and "prefix" in conf.conversion:
            _store_prefix_counters()
        count = Message.objects.count()
        self.stdout.write(f"Created {count} messages for the {days} days up to {until}. Open the admin to see them.")


def _past_day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError("it must be a date, such as 2026-01-31") from None
    if day > timezone.localdate():
        raise ArgumentTypeError("it must not be in the future")
    return day


def _refuse_real_account() -> None:
    if not conf.base_url.startswith(f"{settings.ORIGIN}/sandbox/"):
        raise CommandError(
            f"BASE_URL is {conf.base_url}, which is not the sandbox. Sample rows are not mixed with real ones."
        )


def _store(rows: Rows, owners: dict[str, Verification]) -> None:
    """Store the rows, and add the verifications of finished signups to ``owners``, by number."""
    _create(Verification, rows.verifications)
    _create(Message, rows.messages)
    _create(Receipt, rows.receipts)
    _create(NumberInsight, rows.insights)
    _create(InboundMessage, rows.inbound)
    _create(RefusalCount, rows.refusals)
    stops = [each for each in rows.inbound if each.text == "STOP"]
    _create(OptOut, (OptOut(number=each.sender, inbound=each, opted_out_at=each.received_at) for each in stops))
    signups = (each for each in rows.verifications if each.purpose == "signup" and each.proof_redeemed_at)
    owners.update((each.number, each) for each in signups)


def _store_owners(owners: dict[str, Verification]) -> None:
    """Store a user and a claim for each number."""
    model = get_user_model()
    users = [
        model(username=f"{USER_PREFIX}{count}", password=UNUSABLE_PASSWORD_PREFIX)
        for count in range(1, len(owners) + 1)
    ]
    _create(model, users)
    claims = (
        VerifiedNumber(number=number, user=user, verification=verification, verified_at=verification.ended_at)  # type: ignore[misc]
        for user, (number, verification) in zip(users, owners.items(), strict=True)
    )
    _create(VerifiedNumber, claims)


def _store_prefix_counters() -> None:
    """Pause the attacked prefix, and store the counter of the probed one, which has no conversion."""
    pause_prefix(prefix=ATTACK.where)
    limit = conversion_limit("prefix", PROBE.where)
    window = {"used": PROBES, "ends_at": timezone.now() + timedelta(hours=12)}
    LimitCounter.objects.create(key=limit.key, rule=limit.rule, label=limit.label, **window)


def _create(model: type[models.Model], rows: Iterable[models.Model]) -> None:
    # A number may have sent STOP twice.
    model._default_manager.bulk_create(rows, batch_size=BATCH, ignore_conflicts=model is OptOut)


def _delete_everything() -> None:
    for model in MODELS:
        rows = model._default_manager.order_by()
        while pks := list(rows.values_list("pk", flat=True)[:BATCH]):
            rows.filter(pk__in=pks).delete()
    get_user_model()._default_manager.filter(
        username__startswith=USER_PREFIX, password=UNUSABLE_PASSWORD_PREFIX
    ).delete()
