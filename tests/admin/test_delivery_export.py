"""The CSV files of the dashboard."""

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest

from django_lanck.admin.delivery import export
from django_lanck.admin.delivery.export import TABLES
from django_lanck.api.staff_figures import TotalsSerializer
from django_lanck.models import DayCount, RefusalCount
from django_lanck.models.time import site_day
from django_lanck.services import Totals
from django_lanck.services.figures.totals import COUNTS

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
EXPORT = "/admin/lanck/deliveryday/export/"


@pytest.fixture
def download(analyst):
    """Return the response and the parsed rows of a file: ``download("days", "?days=7")``."""

    def export(table, query=""):
        answer = analyst.get(f"{EXPORT}{table}/{query}")
        assert answer.status_code == 200
        assert answer.streaming
        text = b"".join(answer.streaming_content).decode("utf-8-sig")
        return answer, list(csv.DictReader(io.StringIO(text)))

    return export


def test_days_of_a_period_are_downloaded_as_csv(download, counted):
    counted(1, started=4, verified=3, messages=5, accepted=5, delivered=4, delivery_seconds={"20": 4}, cost="1.25")
    answer, rows = download("days", "?days=7")
    first, last = site_day() - timedelta(days=6), site_day()
    assert answer["Content-Disposition"] == f'attachment; filename="delivery-days-{first}-{last}.csv"'
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert [row["day"] for row in rows] == [str(first + timedelta(days=each)) for each in range(7)]
    yesterday = rows[-2]
    assert (yesterday["started"], yesterday["verified"], yesterday["conversion"]) == ("4", "3", "0.75")
    assert (yesterday["delivery_rate"], yesterday["delivery_median_seconds"]) == ("0.8", "3.4896")
    assert yesterday["cost"] == "1.250000"
    assert (rows[0]["messages"], rows[0]["conversion"]) == ("0", "")


def test_file_begins_with_a_byte_order_mark(analyst):
    assert b"".join(analyst.get(f"{EXPORT}days/").streaming_content).startswith(b"\xef\xbb\xbfday,")


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "\u00a0=", "\u200b=", "\uff1d"])
def test_names_that_could_be_formulas_get_an_apostrophe(download, counted, begin):
    counted(
        1, messages=1, network=f'{begin}HYPERLINK("http://evil.example",1)\n,x', purpose=f"{begin}cmd|' /C calc'!A0"
    )
    [network] = download("networks")[1]
    assert network["network"] == f'\'{begin}HYPERLINK("http://evil.example",1)\n,x'
    assert (network["mccmnc"], network["messages"]) == ("310260", "1")
    [purpose] = download("purposes")[1]
    assert purpose["purpose"].startswith(f"'{begin}cmd")


def test_file_has_all_rows_that_match_the_filters(download, counted):
    for number in range(30):
        counted(1, messages=1, mccmnc=f"3102{number:02}")
    counted(1, messages=1, country="DE")
    assert len(download("networks", "?country=US")[1]) == 30
    assert [row["country"] for row in download("countries")[1]] == ["US", "DE"]
    assert [row["method"] for row in download("methods")[1]] == ["sms"]


def test_errors_fraud_checks_and_refusals_are_downloaded_as_csv(download, counted):
    counted(1)
    yesterday = site_day() - timedelta(days=1)
    DayCount.objects.create(day=yesterday, kind="error", word="6", country="US", hour=14, count=3)
    DayCount.objects.create(day=yesterday, kind="fraud", word="PASSED", count=2)
    RefusalCount.objects.create(day=yesterday, rule="number", action="start", watched=True, count=7)
    assert download("errors")[1] == [
        {"day": str(yesterday), "hour": "14", "error_code": "6", "meaning": "insufficient funds", "count": "3"}
    ]
    assert download("fraud")[1] == [{"fraud_state": "PASSED", "count": "2"}]
    assert download("refusals")[1] == [{"rule": "number", "only_watched": "1", "count": "7"}]


def test_each_table_has_a_file_and_other_names_are_not_found(analyst, counted):
    counted(1, messages=1)
    page = analyst.get("/admin/lanck/deliveryday/?days=7").content.decode()
    for table in ("days", "countries", "networks", "methods", "purposes"):
        assert f'href="{EXPORT}{table}/?days=7" download' in page
    for table in TABLES:
        assert analyst.get(f"{EXPORT}{table}/").status_code == 200
    assert analyst.get(f"{EXPORT}users/").status_code == 404


def test_csv_and_staff_api_have_every_count_of_totals():
    values = {name: Decimal(number) for number, name in enumerate(COUNTS, start=100)}
    totals = Totals(**values)
    in_csv = {value_of(totals) for value_of in export.TOTALS.values()}
    in_api = TotalsSerializer().fields
    assert {name for name, value in values.items() if value not in in_csv or name not in in_api} == set()
