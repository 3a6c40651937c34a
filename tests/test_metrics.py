"""``/lanck/metrics``: access, formats and content."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import resolve
from django.utils import timezone
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from django_lanck.models import Message
from django_lanck.models.status import RANKS
from django_lanck.prometheus import as_prometheus
from django_lanck.services import check_verification, current_metrics, send_sms, start_verification
from tests.helpers import with_lanck

pytestmark = pytest.mark.django_db

URL = "/lanck/metrics"
TOKEN, NEXT_TOKEN = "t" * 20, "n" * 20


@pytest.fixture
def metrics_on(lanck):
    with with_lanck(lanck, METRICS_TOKENS=[TOKEN, NEXT_TOKEN]):
        yield


def read(client: Client, token: str = TOKEN, **headers: str):
    return client.get(URL, headers={"Authorization": f"Bearer {token}", **headers})


def samples(text: str, parse=parse_text) -> dict[tuple, float]:
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in parse(text)
        for sample in family.samples
    }


@pytest.mark.parametrize("keys", [{}, {"METRICS_TOKENS": []}, {"METRICS_TOKENS": None}])
def test_metrics_without_tokens_are_not_found(client, lanck, keys):
    site = {name: value for name, value in lanck.settings.items() if name != "METRICS_TOKENS"}
    with override_settings(LANCK={**site, **keys}), CaptureQueriesContext(connection) as captured:
        answers = [client.generic(verb, URL) for verb in ("GET", "HEAD", "POST", "OPTIONS")]
        answers += [read(client, token) for token in ("", "None", TOKEN)]
    assert [answer.status_code for answer in answers] == [404] * 7
    assert not captured.captured_queries


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer é",
        f"Bearer {TOKEN[:-1]}",
        f"Bearer {TOKEN} ",
        f"Bearer {TOKEN}{NEXT_TOKEN}",
        f"Basic {TOKEN}",
        f"bearer{TOKEN}",
        TOKEN,
    ],
)
def test_request_without_a_valid_token_is_refused_without_a_statement(client, metrics_on, header):
    with CaptureQueriesContext(connection) as captured:
        response = client.get(URL, headers={"Authorization": header} if header else {})
    assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")
    assert b"lanck" not in response.content
    assert not captured.captured_queries


def test_token_in_the_url_is_not_accepted(client, metrics_on):
    assert client.get(f"{URL}?token={TOKEN}&access_token={TOKEN}").status_code == 401


def test_each_of_several_tokens_is_accepted(client, metrics_on):
    assert [read(client, token).status_code for token in (TOKEN, NEXT_TOKEN)] == [200, 200]
    assert client.get(URL, headers={"Authorization": f"bearer {TOKEN}"}).status_code == 200


def test_every_token_is_compared_in_constant_time(client, metrics_on, monkeypatch):
    compared = []
    monkeypatch.setattr(
        "django_lanck.services.permissions.constant_time_compare",
        lambda given, token: compared.append((given, token)) or given == token,
    )
    assert read(client).status_code == 200
    assert compared == [(TOKEN, TOKEN), (TOKEN, NEXT_TOKEN)]


def test_other_methods_than_get_and_head_are_not_allowed(client, metrics_on):
    for verb in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        response = client.generic(verb, URL, headers={"Authorization": f"Bearer {TOKEN}"})
        assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")
    response = client.head(URL, headers={"Authorization": f"Bearer {TOKEN}"})
    assert (response.status_code, response.content) == (200, b"")


def test_response_needs_no_login_and_is_not_cached(client, metrics_on):
    login = "django.contrib.auth.middleware.LoginRequiredMiddleware"
    with override_settings(MIDDLEWARE=[*settings.MIDDLEWARE, login]):
        response = read(client)
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    assert not response.cookies
    assert resolve(URL).func._non_atomic_requests == {"default"}


def test_response_has_the_counts_of_today(client, metrics_on, lanck, phone):
    verification = start_verification(number=phone)
    lanck.report(lanck.sent[-1], "DELIVERED")
    check_verification(verification_id=verification.pk, code=lanck.sent[-1].code)
    send_sms(number=phone, text="Hello")
    found = samples(read(client).content.decode())
    assert found["lanck_verifications_started_total", ("purpose", "signup")] == 1
    assert found["lanck_verifications_verified_total", ("purpose", "signup")] == 1
    assert found["lanck_messages_total", ("channel", "sms"), ("purpose", "signup")] == 1
    assert found["lanck_messages_delivered_total", ("channel", "sms"), ("purpose", "signup")] == 1
    assert found["lanck_messages_accepted_total", ("channel", "sms"), ("purpose", "")] == 1
    by_outcome = {key[-1][1]: value for key, value in found.items() if key[0] == "lanck_today_messages"}
    assert by_outcome == {"delivered": 1, "undelivered": 0, "unsettled": 1, "refused": 0, "unknown": 0, "sending": 0}
    assert found["lanck_today_verifications", ("channel", "sms"), ("country", "US"), ("step", "verified")] == 1
    assert found["lanck_unsettled_messages",] == 1
    assert found["lanck_delivery_seconds_bucket", ("channel", "sms"), ("le", "+Inf")] == 1
    assert found["lanck_proof_seconds_gcount", ("purpose", "signup")] == 1


def test_every_message_has_one_outcome(client, metrics_on, lanck, phone):
    for status, rank in RANKS.items():
        Message.objects.create(channel="sms", number=phone, country="DE", status=status, status_rank=rank)
    Message.objects.create(channel="sms", number=phone, country="DE", status="QUEUED", status_rank=3)
    found = samples(read(client).content.decode())
    outcomes = [value for key, value in found.items() if key[0] == "lanck_today_messages"]
    assert sum(outcomes) == len(RANKS) + 1
    assert all(value > 0 for value in outcomes)


def test_buckets_are_cumulative(client, metrics_on, lanck, phone):
    now = timezone.now()
    for seconds in (0.15, 0.21, 3, 3, 100_000):
        Message.objects.create(
            channel="sms",
            number=phone,
            status="DELIVERED",
            status_rank=7,
            created_at=now,
            status_at=now + timedelta(seconds=seconds),
        )
    found = samples(read(client).content.decode())
    counts = {
        dict(key[1:])["le"]: value
        for key, value in found.items()
        if key[0] == "lanck_delivery_seconds_bucket" and ("channel", "sms") in key
    }
    assert (counts["0.2"], counts["1.6"], counts["3.2"], counts["52428.8"], counts["+Inf"]) == (1, 2, 4, 4, 5)
    assert list(counts.values()) == sorted(counts.values())


def test_accept_header_selects_the_format(client, metrics_on):
    openmetrics = read(client, Accept="application/openmetrics-text; version=1.0.0,text/plain;q=0.5")
    assert openmetrics["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert samples(openmetrics.content.decode(), parse_openmetrics)
    for accept in ("", "*/*", "text/html", "application/openmetrics-text; version=newest"):
        plain = read(client, Accept=accept)
        assert plain["Content-Type"].startswith("text/plain; version=0.0.4")
        assert samples(plain.content.decode())


def test_each_metric_is_documented():
    page = (Path(__file__).parent.parent / "docs" / "metrics.md").read_text()
    names = {
        family.name
        for family in parse_openmetrics(as_prometheus(current_metrics(), "application/openmetrics-text")[0].decode())
    }
    assert {name for name in names if f"`{name}" not in page} == set()


def test_prometheus_client_is_not_imported_without_tokens(client, lanck, monkeypatch):
    for name in [name for name in sys.modules if name.startswith(("prometheus_client", "django_lanck.prometheus"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "prometheus_client", None)  # as if it was not installed
    with with_lanck(lanck, METRICS_TOKENS=[]):
        assert client.get(URL).status_code == 404
