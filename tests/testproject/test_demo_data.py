"""The command ``demo_data``, which stores the sample traffic."""

from __future__ import annotations

from datetime import date, timedelta
from io import StringIO

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.test import override_settings
from django.utils import timezone

from django_lanck import services
from django_lanck.models import (
    InboundMessage,
    Message,
    NumberInsight,
    OptOut,
    Receipt,
    RefusalCount,
    Verification,
    VerifiedNumber,
)
from testproject.traffic import ATTACK, PROBE, PROBES

pytestmark = pytest.mark.django_db

UNTIL = date(2026, 3, 31)
MODELS = (Verification, Message, Receipt, NumberInsight, InboundMessage, OptOut, RefusalCount, VerifiedNumber)


def demo_data(**options) -> str:
    out = StringIO()
    call_command("demo_data", **{"days": 3, "messages": 200, "until": UNTIL, **options}, stdout=out)
    return out.getvalue()


def stored() -> list[list[tuple]]:
    """Return the values of all rows, without keys that the database assigns."""
    lists = []
    for model in MODELS:
        names = [
            field.attname
            for field in model._meta.concrete_fields
            if field.get_internal_type() != "BigAutoField"
            and not (field.is_relation and field.related_model is not Verification)
        ]
        lists.append(sorted(model.objects.order_by().values_list(*names), key=repr))
    return lists


def test_same_seed_and_last_day_store_the_same_rows():
    demo_data(messages=300)
    first = stored()
    assert all(first)
    demo_data(messages=300, replace=True)
    assert stored() == first
    demo_data(messages=50, replace=True, seed=2)
    assert stored() != first


def test_existing_messages_are_kept_without_replace():
    demo_data(messages=50)
    count = Message.objects.count()
    with pytest.raises(CommandError, match="--replace"):
        demo_data(messages=50)
    assert Message.objects.count() == count


def test_replace_deletes_sample_users_and_no_others():
    get_user_model().objects.create_user("demo-of-mine", password="own")
    demo_data(messages=100)
    users = get_user_model().objects.count()
    demo_data(messages=100, replace=True)
    assert get_user_model().objects.count() == users
    assert get_user_model().objects.filter(username="demo-of-mine").exists()


def test_real_account_is_refused(settings):
    with (
        override_settings(LANCK={**settings.LANCK, "BASE_URL": "https://api.example.com/v1"}),
        pytest.raises(CommandError, match="not the sandbox"),
    ):
        demo_data(replace=True)
    assert not Message.objects.exists()


def test_future_day_is_refused():
    with pytest.raises(CommandError, match="must not be in the future"):
        call_command("demo_data", f"--until={timezone.localdate() + timedelta(days=2)}")


def test_rows_of_today_are_in_the_past():
    demo_data(until=timezone.localdate(), days=1, messages=500)
    assert not Verification.objects.filter(ended_at__gt=timezone.now()).exists()
    assert not Message.objects.filter(created_at__gt=timezone.now()).exists()


def test_attacked_prefix_is_paused_and_probed_prefix_is_suspicious(settings):
    with override_settings(LANCK={**settings.LANCK, "CONVERSION": {"prefix": (20, 10)}}):
        demo_data(until=timezone.localdate(), days=2)
        shown = {each.prefix: (each.sent, each.paused_until is not None) for each in services.suspicious_prefixes()}
    assert shown == {ATTACK.where: (0, True), PROBE.where: (PROBES, False)}


def test_past_days_are_counted():
    yesterday = timezone.localdate() - timedelta(days=1)
    demo_data(until=yesterday, days=15, messages=600)
    figures = services.delivery_figures(services.Scope(yesterday - timedelta(days=14), yesterday))
    assert figures.total.messages == Message.objects.count()
    assert (figures.uncounted_days, figures.dirty_days) == ([], [])
    assert all(totals.messages for totals in figures.by_day.values())
    assert figures.total.conversion < 0.9
    assert sum(figures.fraud.values()) == NumberInsight.objects.filter(kind=NumberInsight.Kind.FRAUD).count()


def test_owners_are_stored_with_the_time_of_their_verification():
    demo_data()
    claims = VerifiedNumber.objects.select_related("verification")
    assert claims
    for claim in claims:
        assert claim.number == claim.verification.number
        assert claim.verified_at == claim.verification.ended_at
