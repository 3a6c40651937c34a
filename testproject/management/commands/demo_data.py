"""``python testproject/manage.py demo_data``: months of made-up traffic, so that admin and dashboard show something."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterable, Iterator
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
from django_lanck.management.base import above_zero
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
from testproject.traffic import ATTACK, PROBE, PROBES, Rows, rows_of_day, weight_of

BATCH: Final = 1000
USERS: Final = "demo-"
# What hangs on another comes first.
EVERYTHING: Final = (Receipt, Message, OptOut, InboundMessage, NumberInsight, VerifiedNumber, Verification,
                     RefusalCount, LimitCounter, CountedDay, DeliveryDay, DayCount)  # fmt: skip
# What is made up is over: nobody waits for a code of it any more.
OVER: Final = timedelta(minutes=15)


class Command(BaseCommand):
    help = (
        "Fill the demo with made-up traffic: days and nights, weekends, nine countries, one of which fails for a day, "
        "codes for a number range that nobody types, hours in which LANCK refuses or says nothing. The same rows for "
        "the same seed and last day."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--days", type=above_zero(int), default=90, help="how many days (default: 90)")
        parser.add_argument("--messages", type=above_zero(int), default=20_000, help="about how many (default: 20000)")
        parser.add_argument("--seed", type=int, default=1, help="another number makes other rows (default: 1)")
        parser.add_argument("--until", type=_past_day, help="the last day, as 2026-01-31 (default: today, until now)")
        parser.add_argument("--replace", action="store_true", help="remove every message and verification first")

    def handle(self, *, days: int, messages: int, seed: int, until: date | None, replace: bool, **options: Any) -> None:
        _refuse_real_account()
        if replace:
            _remove_everything()
        elif Message.objects.exists() or Verification.objects.exists():
            raise CommandError("There are messages already. With --replace, all of them are removed first.")
        until = until or timezone.localdate()
        owners: dict[str, Verification] = {}
        for day, count in _shares(until, days, messages):
            rows = rows_of_day(day, days_ago=(until - day).days, messages=count, seed=seed)
            _keep(rows.until(timezone.now() - OVER), owners)
            if options["verbosity"] > 1:
                self.stdout.write(f"{day}: {len(rows.messages)} messages")
        _keep_owners(owners)
        count_days()
        if until == timezone.localdate() and "prefix" in conf.conversion:
            _keep_running_counters()
        made = Message.objects.count()
        self.stdout.write(f"{made} messages of {days} days until {until} are made up. Look at the admin.")


def _past_day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError("it has to be a day, such as 2026-01-31") from None
    if day > timezone.localdate():
        raise ArgumentTypeError("it has to be today or a day before")
    return day


def _refuse_real_account() -> None:
    if not conf.base_url.startswith(f"{settings.ORIGIN}/sandbox/"):
        raise CommandError(f"LANCK is {conf.base_url}, which is not the sandbox: nothing is made up next to real rows.")


def _shares(until: date, days: int, messages: int) -> Iterator[tuple[date, int]]:
    """Each day and how many of the messages are its."""
    every = [until - timedelta(days=ago) for ago in reversed(range(days))]
    weight = sum(map(weight_of, every))
    return ((day, round(messages * weight_of(day) / weight)) for day in every)


def _keep(rows: Rows, owners: dict[str, Verification]) -> None:
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


def _keep_owners(owners: dict[str, Verification]) -> None:
    users = get_user_model()
    made = [users(username=f"{USERS}{count}", password=UNUSABLE_PASSWORD_PREFIX) for count in range(1, len(owners) + 1)]
    _create(users, made)
    claims = (
        VerifiedNumber(number=number, user=user, verification=verification, verified_at=verification.ended_at)  # type: ignore[misc]
        for user, (number, verification) in zip(made, owners.items(), strict=True)
    )
    _create(VerifiedNumber, claims)


def _keep_running_counters() -> None:
    """One prefix is still paused, and of the other one it can be seen that no code comes back."""
    pause_prefix(prefix=ATTACK.where)
    limit = conversion_limit("prefix", PROBE.where)
    window = {"used": PROBES, "ends_at": timezone.now() + timedelta(hours=12)}
    LimitCounter.objects.create(key=limit.key, rule=limit.rule, label=limit.label, **window)


def _create(model: type[models.Model], rows: Iterable[models.Model]) -> None:
    # Somebody may have written STOP twice.
    model._default_manager.bulk_create(rows, batch_size=BATCH, ignore_conflicts=model is OptOut)


def _remove_everything() -> None:
    for model in EVERYTHING:
        rows = model._default_manager.order_by()
        while pks := list(rows.values_list("pk", flat=True)[:BATCH]):
            rows.filter(pk__in=pks).delete()
    get_user_model()._default_manager.filter(username__startswith=USERS, password=UNUSABLE_PASSWORD_PREFIX).delete()
