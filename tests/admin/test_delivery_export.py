"""The figures as CSV."""

import csv
import io
from datetime import timedelta

import pytest

from django_lanck.admin.delivery.export import TABLES
from django_lanck.models import DayCount, RefusalCount
from django_lanck.models.time import site_day

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
EXPORT = "/admin/lanck/deliveryday/export/"


@pytest.fixture
def exported(analyst):
    """The rows of a download, as a spreadsheet reads them."""

    def export(table, query=""):
        answer = analyst.get(f"{EXPORT}{table}/{query}")
        assert answer.status_code == 200
        assert answer.streaming
        text = b"".join(answer.streaming_content).decode("utf-8-sig")
        return answer, list(csv.DictReader(io.StringIO(text)))

    return export


def test_the_days_of_a_period_are_a_file_with_the_period_in_its_name(exported, counted):
    counted(1, started=4, verified=3, messages=5, accepted=5, delivered=4, delivery_seconds={"20": 4}, cost="1.25")
    answer, rows = exported("days", "?days=7")
    first, last = site_day() - timedelta(days=6), site_day()
    assert answer["Content-Disposition"] == f'attachment; filename="delivery-days-{first}-{last}.csv"'
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert [row["day"] for row in rows] == [str(first + timedelta(days=each)) for each in range(7)]
    yesterday = rows[-2]
    assert (yesterday["started"], yesterday["verified"], yesterday["conversion"]) == ("4", "3", "0.75")
    assert (yesterday["delivery_rate"], yesterday["delivery_median_seconds"]) == ("0.8", "3.4896")
    assert yesterday["cost"] == "1.250000"
    assert (rows[0]["messages"], rows[0]["conversion"]) == ("0", "")


def test_a_spreadsheet_reads_it_as_utf_8(analyst):
    assert b"".join(analyst.get(f"{EXPORT}days/").streaming_content).startswith(b"\xef\xbb\xbfday,")


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "\u00a0=", "\u200b=", "\uff1d"])
def test_no_name_is_a_formula(exported, counted, begin):
    counted(
        1, messages=1, network=f'{begin}HYPERLINK("http://evil.example",1)\n,x', purpose=f"{begin}cmd|' /C calc'!A0"
    )
    [network] = exported("networks")[1]
    assert network["network"] == f'\'{begin}HYPERLINK("http://evil.example",1)\n,x'
    assert (network["mccmnc"], network["messages"]) == ("310260", "1")
    [purpose] = exported("purposes")[1]
    assert purpose["purpose"].startswith(f"'{begin}cmd")


def test_a_download_has_what_is_chosen_and_all_of_its_rows(exported, counted):
    for number in range(30):
        counted(1, messages=1, mccmnc=f"3102{number:02}")
    counted(1, messages=1, country="DE")
    assert len(exported("networks", "?country=US")[1]) == 30
    assert [row["country"] for row in exported("countries")[1]] == ["US", "DE"]
    assert [row["method"] for row in exported("methods")[1]] == ["sms"]


def test_what_went_wrong_can_be_had_too(exported, counted):
    counted(1)
    yesterday = site_day() - timedelta(days=1)
    DayCount.objects.create(day=yesterday, kind="error", word="6", country="US", hour=14, count=3)
    DayCount.objects.create(day=yesterday, kind="fraud", word="PASSED", count=2)
    RefusalCount.objects.create(day=yesterday, rule="number", action="start", watched=True, count=7)
    assert exported("errors")[1] == [
        {"day": str(yesterday), "hour": "14", "error_code": "6", "meaning": "insufficient funds", "count": "3"}
    ]
    assert exported("fraud")[1] == [{"fraud_state": "PASSED", "count": "2"}]
    assert exported("refusals")[1] == [{"rule": "number", "only_watched": "1", "count": "7"}]


def test_every_table_has_its_download_and_nothing_else_has(analyst, counted):
    counted(1, messages=1)
    page = analyst.get("/admin/lanck/deliveryday/?days=7").content.decode()
    for table in ("days", "countries", "networks", "methods", "purposes"):
        assert f'href="{EXPORT}{table}/?days=7" download' in page
    for table in TABLES:
        assert analyst.get(f"{EXPORT}{table}/").status_code == 200
    assert analyst.get(f"{EXPORT}users/").status_code == 404
