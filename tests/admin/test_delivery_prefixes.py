"""Prefixes whose codes do not come back, and the click that pauses them."""

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
def pumped(enable_limits, lanck):
    """Four codes went to a prefix and none came back; two more and it is paused."""
    enable_limits(LIMITS=None, CONVERSION={"prefix": (6, 50)})
    for last in range(100, 104):
        start_verification(number=f"{PREFIX}0{last}")
    return LimitCounter.objects.get(rule="prefix_conversion")


@pytest.fixture
def keeper(analyst):
    analyst.group.permissions.add(*permissions("pause_prefix"))
    return analyst


def panel(client):
    return part(client.get(PAGE).content.decode(), 'id="lanck-prefixes-heading"')


def press(client, button, key):
    return client.post(f"{PAGE}prefix/?days=30", {"key": key, button: "1"}, follow=True).content.decode()


def test_a_prefix_is_paused_and_gets_codes_again_by_a_click(keeper, pumped):
    assert 'name="pause"' in panel(keeper)
    told = press(keeper, "pause", pumped.key)
    assert "gets no codes until" in told
    assert 'aria-current="page">30 days' in told
    with pytest.raises(Refusal):
        start_verification(number="+12015550110")
    assert 'name="resume"' in panel(keeper)
    assert "gets codes again." in press(keeper, "resume", pumped.key)
    start_verification(number="+12015550110")


def test_it_is_noted_who_did_it_and_masked(keeper, pumped):
    press(keeper, "pause", pumped.key)
    press(keeper, "resume", pumped.key)
    noted = [
        (each.user, each.object_id, each.object_repr, each.get_change_message())
        for each in LogEntry.objects.order_by("pk")
    ]
    what = "prefix_conversion +1201•••••••"
    assert noted == [
        (keeper.user, pumped.key, what, "Paused the prefix by hand."),
        (keeper.user, pumped.key, what, "Lifted the pause of the prefix."),
    ]


def test_nothing_is_paused_without_a_note(keeper, pumped, monkeypatch):
    monkeypatch.setattr(LogEntry.objects, "log_actions", None)
    with pytest.raises(TypeError):
        press(keeper, "pause", pumped.key)
    start_verification(number="+12015550110")


def test_who_may_only_look_pauses_nothing(analyst, agent, pumped):
    assert "<form" not in panel(analyst)
    for client in (analyst, agent):
        assert client.post(f"{PAGE}prefix/", {"key": pumped.key, "pause": "1"}).status_code == 403
    agent.user.user_permissions.add(*permissions("pause_prefix"))
    assert agent.post(f"{PAGE}prefix/", {"key": pumped.key, "pause": "1"}).status_code == 403
    start_verification(number="+12015550110")
    assert not LogEntry.objects.exists()


def test_a_link_pauses_nothing(keeper, pumped):
    assert keeper.get(f"{PAGE}prefix/?key={pumped.key}&pause=1").status_code == 405


def test_prefixes_are_masked_for_those_who_may_not_see_numbers(keeper, pumped, settings):
    shown, told = panel(keeper), press(keeper, "pause", pumped.key)
    for text in (shown, told):
        assert "+1201•••••••" in text
        assert "+1201555" not in text
    keeper.group.permissions.add(*permissions("view_number"))
    assert "+1201555••••" in panel(keeper)


@pytest.mark.parametrize("key", ["", "nonsense", "a\0b", "' OR 1=1"])
def test_what_is_no_counter_of_a_prefix_pauses_nothing(keeper, pumped, key):
    assert "Nothing was changed" in press(keeper, "pause", key)
    country = LimitCounter.objects.create(
        key="c", rule="country", label="US", used=9, ends_at=timezone.now() + timedelta(days=1)
    )
    assert "Nothing was changed" in press(keeper, "pause", country.key)
    start_verification(number="+12015550110")


def test_no_number_and_no_prefix_is_in_an_address(admin_client, pumped):
    page = admin_client.get(PAGE).content.decode()
    assert "+1201555" in page
    for address in re.findall(r'(?:href|action|data-address)="([^"]*)"', page):
        assert "1201555" not in address


def test_there_is_no_panel_where_nothing_is_suspicious(keeper, lanck, phone):
    start_verification(number=phone)
    assert "lanck-prefixes-heading" not in keeper.get(PAGE).content.decode()
