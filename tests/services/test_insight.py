"""What LANCK knows of a number is kept, and asked for again only when it is old."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import F
from django.test import override_settings

from django_lanck.exceptions import InvalidNumber, OutcomeUnknown, Refusal
from django_lanck.models import NumberInsight
from django_lanck.services import check_fraud, look_up

pytestmark = pytest.mark.django_db


def make_older(seconds):
    NumberInsight.objects.update(created_at=F("created_at") - timedelta(seconds=seconds))


def test_a_lookup_is_kept_with_all_it_says(lanck, phone):
    lanck.answer(
        {
            "id": "A82f",
            "product": "insight.hlr",
            "number": phone.removeprefix("+"),
            "mccmnc": "242005",
            "network": "Mobile Norway",
            "country": "NO",
            "status": "DELIVERED",
            "createdAt": 1550975149131,
            "imsi": "242050000000001",
            "ported": True,
            "roaming": False,
            "more": 1,
        }
    )
    look_up(number="+1 (201) 555-0123")
    insight = NumberInsight.objects.get()
    assert (insight.number, insight.kind, insight.status, insight.request_id) == (phone, "hlr", "DELIVERED", "A82f")
    assert (insight.mccmnc, insight.network, insight.country) == ("242005", "Mobile Norway", "NO")
    assert (insight.imsi, insight.ported, insight.roaming) == ("242050000000001", True, False)
    assert insight.payload["more"] == 1
    assert not {"number", "imsi"} & set(insight.payload)
    assert "0123" not in str(insight).replace("•••0123", "")


@pytest.mark.parametrize(
    ("word", "kept"),
    [
        ("PASSED", "PASSED"),
        ("FRAUDLENT", "FRAUDULENT"),
        ("FRAUDULENT", "FRAUDULENT"),
        ("SUSPICIOUS", "SUSPICIOUS"),
        ("NOT_MOBILE_PREFIX", "NOT_MOBILE_PREFIX"),
        ("A_NEW_WORD", "A_NEW_WORD"),
    ],
)
def test_a_fraud_check_is_kept_in_one_spelling(lanck, phone, word, kept):
    lanck.answer({"status": word, "mobilePrefix": False})
    assert check_fraud(number=phone).status == kept
    insight = NumberInsight.objects.get()
    assert (insight.kind, insight.status, insight.mobile_prefix) == ("fraud", kept, False)


@pytest.mark.parametrize("ask", [look_up, check_fraud])
def test_an_answer_is_used_again_until_it_is_old(lanck, phone, ask):
    first = ask(number=phone)
    assert ask(number=phone) == first
    assert len(lanck.requests) == 1
    make_older(86_401)
    assert ask(number=phone) != first
    assert len(lanck.requests) == 2


@pytest.mark.parametrize("ask", [look_up, check_fraud])
def test_the_period_is_the_sites_or_the_callers(lanck, phone, ask):
    ask(number=phone)
    make_older(100)
    ask(number=phone, max_age=60)
    ask(number=phone, max_age=0)
    with override_settings(LANCK={**lanck.settings, "INSIGHT_LIFETIME": 0}):
        ask(number=phone)
        ask(number=phone, max_age=60)
    assert len(lanck.requests) == 4


def test_each_kind_and_number_has_its_own_answer(lanck, phone):
    look_up(number=phone)
    check_fraud(number=phone)
    look_up(number="+12015550124")
    assert len(lanck.requests) == 3


@pytest.mark.parametrize("ask", [look_up, check_fraud])
def test_what_lanck_does_not_say_is_not_kept(lanck, phone, ask):
    lanck.refuse(11)
    with pytest.raises(InvalidNumber):
        ask(number=phone)
    for body in ({}, {"status": ""}, {"status": 7}):
        lanck.answer(body)
        with pytest.raises(OutcomeUnknown):
            ask(number=phone)
    assert not NumberInsight.objects.exists()


@pytest.mark.parametrize("ask", [look_up, check_fraud])
def test_a_long_answer_fits_its_columns(lanck, phone, ask):
    lanck.answer({"status": "S" * 99, "mccmnc": "1" * 99, "network": "N" * 999, "country": "USA", "imsi": "1" * 99})
    assert ask(number=phone).status == "S" * 32


@pytest.mark.parametrize("ask", [look_up, check_fraud])
def test_nothing_is_asked_about_what_is_no_number_or_in_a_transaction(lanck, phone, ask, transactional_db):
    with pytest.raises(Refusal, match="invalid_number"):
        ask(number="12")
    with transaction.atomic(), pytest.raises(RuntimeError, match="transaction"):
        ask(number=phone)
    assert not lanck.requests
