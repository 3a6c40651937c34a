from datetime import timedelta

import pytest
from django.db.models import F

from django_lanck.models import NumberInsight

pytestmark = pytest.mark.django_db


def test_hlr_lookup_and_fraud_check_are_made_by_default(lanck, run, phone):
    ran = run("lanck_lookup", phone)
    assert lanck.requests == ["POST /insight/hlr", "POST /insight/fraudcheck"]
    assert ran.out == (
        "HLR lookup of +1201•••0123: DELIVERED\n"
        "  network: Test Mobile, 310260, US\n"
        "Fraud check of +1201•••0123: PASSED\n"
        "  mobile prefix: yes\n"
    )


@pytest.mark.parametrize(("option", "path"), [("--hlr", "hlr"), ("--fraud", "fraudcheck")])
def test_option_makes_only_one_of_the_calls(lanck, run, phone, option, path):
    assert run("lanck_lookup", phone, option).error is None
    assert lanck.requests == [f"POST /insight/{path}"]
    assert "not allowed with" in run("lanck_lookup", phone, "--hlr", "--fraud").error


def test_stored_result_is_printed_with_its_age(lanck, run, phone):
    run("lanck_lookup", phone, "--hlr")
    NumberInsight.objects.update(created_at=F("created_at") - timedelta(hours=3, seconds=5))
    ran = run("lanck_lookup", phone, "--hlr")
    assert "  stored: 3 hours ago; --fresh calls LANCK again\n" in ran.out
    document = run("lanck_lookup", phone, "--hlr", "--json").document["hlr"]
    assert document["kept"] is True
    assert 3 * 3600 + 5 <= document["age"] < 3 * 3600 + 60
    assert len(lanck.requests) == 1
    document = run("lanck_lookup", phone, "--hlr", "--fresh", "--json").document["hlr"]
    assert (document["kept"], document["age"]) == (False, 0)
    assert len(lanck.requests) == 2


def test_json_contains_neither_the_number_nor_the_imsi(lanck, run, phone):
    lanck.answer({"status": "DELIVERED", "number": phone, "imsi": "310260000000001", "ported": True})
    ran = run("lanck_lookup", phone, "--hlr", "--json")
    assert ran.document["hlr"]["ported"] is True
    assert phone.strip("+") not in ran.out
    assert "310260000000001" not in ran.out


def test_first_result_is_printed_when_the_second_call_fails(lanck, run, phone):
    lanck.answer({"status": "DELIVERED"})
    lanck.refuse(6, http_status=403, reason="no money")
    ran = run("lanck_lookup", phone, "--json")
    assert ran.code == 1
    assert ran.document["hlr"]["status"] == "DELIVERED"
    assert "insufficient funds" in ran.document["error"]
    assert ran.document["error"] == ran.error


def test_lost_answer_is_an_error(lanck, run, phone):
    lanck.lose_answer()
    ran = run("lanck_lookup", phone, "--fraud")
    assert ran.error.startswith("LANCK did not answer: The connection to LANCK broke")


def test_invalid_number_is_refused_without_a_call(lanck, run):
    assert run("lanck_lookup", "12").error == "NUMBER: Enter a valid phone number, with its country code."
    assert lanck.requests == []
