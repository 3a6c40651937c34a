"""The dashboard's table of prefixes with low conversion, and pausing them."""

import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.utils import timezone

from django_lanck.exceptions import Refusal
from django_lanck.models import LimitCounter
from django_lanck.services import start_verification

from .conftest import part, permissions

pytestmark = pytest.mark.django_db
PAGE = "/admin/lanck/deliveryday/"
PREFIX = "+1201555"


@pytest.fixture
def poor_prefix(enable_limits, lanck):
    """The counter of a prefix with four codes, none of them entered; two more and the rule pauses it."""
    enable_limits(LIMITS=None, CONVERSION={"prefix": (6, 50)})
    for last in range(100, 104):
        start_verification(number=f"{PREFIX}0{last}")
    return LimitCounter.objects.get(rule="prefix_conversion")


@pytest.fixture
def operator(analyst):
    analyst.group.permissions.add(*permissions("pause_prefix"))
    return analyst


def prefixes_panel(client):
    return part(client.get(PAGE).content.decode(), 'id="lanck-prefixes-heading"')


def press(client, button, key):
    return client.post(f"{PAGE}prefix/?days=30", {"key": key, button: "1"}, follow=True).content.decode()


def test_prefix_can_be_paused_and_resumed(operator, poor_prefix):
    assert 'name="pause"' in prefixes_panel(operator)
    message = press(operator, "pause", poor_prefix.key)
    assert "gets no codes until" in message
    assert 'aria-current="page">30 days' in message
    with pytest.raises(Refusal):
        start_verification(number="+12015550110")
    assert 'name="resume"' in prefixes_panel(operator)
    assert "gets codes again." in press(operator, "resume", poor_prefix.key)
    start_verification(number="+12015550110")


def test_pause_and_resume_are_logged_with_the_prefix_masked(operator, poor_prefix):
    press(operator, "pause", poor_prefix.key)
    press(operator, "resume", poor_prefix.key)
    logged = [
        (each.user, each.object_id, each.object_repr, each.get_change_message())
        for each in LogEntry.objects.order_by("pk")
    ]
    what = "prefix_conversion +1201•••••••"
    assert logged == [
        (operator.user, poor_prefix.key, what, "Paused the prefix by hand."),
        (operator.user, poor_prefix.key, what, "Lifted the pause of the prefix."),
    ]


def test_prefix_is_not_paused_if_the_log_entry_fails(operator, poor_prefix, monkeypatch):
    monkeypatch.setattr(LogEntry.objects, "log_actions", None)
    with pytest.raises(TypeError):
        press(operator, "pause", poor_prefix.key)
    start_verification(number="+12015550110")


def test_pause_requires_its_permission_and_that_of_the_dashboard(analyst, agent, poor_prefix):
    assert "<form" not in prefixes_panel(analyst)
    for client in (analyst, agent):
        assert client.post(f"{PAGE}prefix/", {"key": poor_prefix.key, "pause": "1"}).status_code == 403
    agent.user.user_permissions.add(*permissions("pause_prefix"))
    assert agent.post(f"{PAGE}prefix/", {"key": poor_prefix.key, "pause": "1"}).status_code == 403
    start_verification(number="+12015550110")
    assert not LogEntry.objects.exists()


def test_pause_requires_post(operator, poor_prefix):
    assert operator.get(f"{PAGE}prefix/?key={poor_prefix.key}&pause=1").status_code == 405


def test_prefixes_are_masked_without_the_permission_to_view_numbers(operator, poor_prefix, settings):
    texts = prefixes_panel(operator), press(operator, "pause", poor_prefix.key)
    for text in texts:
        assert "+1201•••••••" in text
        assert "+1201555" not in text
    operator.group.permissions.add(*permissions("view_number"))
    assert "+1201555••••" in prefixes_panel(operator)


@pytest.mark.parametrize("key", ["", "nonsense", "a\0b", "' OR 1=1"])
def test_key_of_no_prefix_counter_changes_nothing(operator, poor_prefix, key):
    assert "Nothing was changed" in press(operator, "pause", key)
    country = LimitCounter.objects.create(
        key="c", rule="country", label="US", used=9, ends_at=timezone.now() + timedelta(days=1)
    )
    assert "Nothing was changed" in press(operator, "pause", country.key)
    start_verification(number="+12015550110")


def test_urls_of_the_page_have_no_prefix(admin_client, poor_prefix):
    page = admin_client.get(PAGE).content.decode()
    assert "+1201555" in page
    for address in re.findall(r'(?:href|action|data-url)="([^"]*)"', page):
        assert "1201555" not in address


def test_panel_is_hidden_without_suspicious_prefixes(operator, lanck, phone):
    start_verification(number=phone)
    assert "lanck-prefixes-heading" not in operator.get(PAGE).content.decode()
