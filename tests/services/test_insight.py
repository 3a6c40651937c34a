"""HLR lookup and fraud check: what is stored, and when it is reused."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import F
from django.test import override_settings

from django_lanck.exceptions import InvalidNumber, OutcomeUnknown, Refusal
from django_lanck.models import NumberInsight
from django_lanck.services import check_fraud, look_up

pytestmark = pytest.mark.django_db


def make_insights_older(seconds):
    NumberInsight.objects.update(created_at=F("created_at") - timedelta(seconds=seconds))


def test_hlr_lookup_is_stored(lanck, phone):
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
    ("status", "expected"),
    [
        ("PASSED", "PASSED"),
        ("FRAUDLENT", "FRAUDULENT"),
        ("FRAUDULENT", "FRAUDULENT"),
        ("SUSPICIOUS", "SUSPICIOUS"),
        ("NOT_MOBILE_PREFIX", "NOT_MOBILE_PREFIX"),
        ("A_NEW_WORD", "A_NEW_WORD"),
    ],
)
def test_fraud_check_is_stored_with_one_spelling_of_its_status(lanck, phone, status, expected):
    lanck.answer({"status": status, "mobilePrefix": False})
    assert check_fraud(number=phone).status == expected
    insight = NumberInsight.objects.get()
    assert (insight.kind, insight.status, insight.mobile_prefix) == ("fraud", expected, False)


@pytest.mark.parametrize("service", [look_up, check_fraud])
def test_stored_result_is_reused_until_it_is_too_old(lanck, phone, service):
    first = service(number=phone)
    assert service(number=phone) == first
    assert len(lanck.requests) == 1
    make_insights_older(86_401)
    assert service(number=phone) != first
    assert len(lanck.requests) == 2


@pytest.mark.parametrize("service", [look_up, check_fraud])
def test_maximum_age_follows_the_settings_or_the_argument(lanck, phone, service):
    service(number=phone)
    make_insights_older(100)
    service(number=phone, max_age=60)
    service(number=phone, max_age=0)
    with override_settings(LANCK={**lanck.settings, "INSIGHT_LIFETIME": 0}):
        service(number=phone)
        service(number=phone, max_age=60)
    assert len(lanck.requests) == 4


def test_results_are_stored_by_kind_and_number(lanck, phone):
    look_up(number=phone)
    check_fraud(number=phone)
    look_up(number="+12015550124")
    assert len(lanck.requests) == 3


@pytest.mark.parametrize("service", [look_up, check_fraud])
def test_error_and_invalid_answer_are_not_stored(lanck, phone, service):
    lanck.refuse(11)
    with pytest.raises(InvalidNumber):
        service(number=phone)
    for body in ({}, {"status": ""}, {"status": 7}):
        lanck.answer(body)
        with pytest.raises(OutcomeUnknown):
            service(number=phone)
    assert not NumberInsight.objects.exists()


@pytest.mark.parametrize("service", [look_up, check_fraud])
def test_long_values_are_cut_to_their_columns(lanck, phone, service):
    lanck.answer({"status": "S" * 99, "mccmnc": "1" * 99, "network": "N" * 999, "country": "USA", "imsi": "1" * 99})
    assert service(number=phone).status == "S" * 32


@pytest.mark.parametrize("service", [look_up, check_fraud])
def test_invalid_number_and_open_transaction_raise_before_a_call(lanck, phone, service, transactional_db):
    with pytest.raises(Refusal, match="invalid_number"):
        service(number="12")
    with transaction.atomic(), pytest.raises(RuntimeError, match="transaction"):
        service(number=phone)
    assert not lanck.requests
