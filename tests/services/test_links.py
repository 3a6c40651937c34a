"""Short addresses in texts: they lead where the text's author said, count once, and cannot be made by anybody else."""

import re

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from django_lanck.exceptions import InvalidArgument
from django_lanck.models import Message
from django_lanck.services import reconcile, send_sms
from django_lanck.text import fits_one_sms
from tests.parallel import call_concurrently

pytestmark = pytest.mark.django_db
TARGET = "https://shop.example/orders/29211?from=sms&x=%20#top"


@pytest.fixture
def path(lanck, phone):
    send_sms(number=phone, text="Your order: {link} Thanks!", link=TARGET)
    return re.search(r"http://testserver(/lanck/l/\S+)", lanck.sent[-1].text)[1]


def test_the_text_has_a_short_address_of_the_site(lanck, path):
    assert lanck.sent[-1].text == f"Your order: http://testserver{path} Thanks!"
    assert len(path) < 30
    assert fits_one_sms(lanck.sent[-1].text)
    assert Message.objects.get().content == {"text": "Your order: {link} Thanks!"}


def test_it_leads_where_the_author_said(client, path):
    response = client.get(path)
    assert (response.status_code, response.headers["Location"]) == (302, TARGET)
    assert "no-store" in response.headers["Cache-Control"]
    assert response.headers["Referrer-Policy"] == "no-referrer"


def test_lanck_learns_of_the_first_opening_and_of_no_other(lanck, client, path):
    with override_settings(LANCK={**lanck.settings, "BACKGROUND_RATE": 1000}):
        assert reconcile().goals == 0
        client.get(path)
        first = Message.objects.get().goal_reached_at
        client.get(path)
        assert reconcile().goals == 1
        client.get(path)
        assert reconcile().goals == 0
    assert Message.objects.get().goal_reached_at == first
    assert lanck.sent[-1].goals == ["LINK_OPENED"]


def test_looking_without_opening_does_not_count(client, path):
    assert client.head(path).status_code == 302
    assert Message.objects.get().goal == ""
    assert client.post(path).status_code == 405


def test_opening_takes_two_statements(client, path, django_assert_num_queries):
    with django_assert_num_queries(2):
        client.get(path)


@pytest.mark.django_db(transaction=True)
def test_many_at_once_count_once(lanck, client, path, django_capture_on_commit_callbacks):
    from django.test import Client

    assert {response.status_code for response in call_concurrently(lambda number: Client().get(path), 20)} == {302}
    with override_settings(LANCK={**lanck.settings, "BACKGROUND_RATE": 1000}):
        reconcile()
    assert lanck.sent[-1].goals == ["LINK_OPENED"]


def test_nobody_else_can_make_one(client, lanck, phone, path):
    send_sms(number=phone, text="No link.")
    without_link = Message.objects.latest("pk")
    head, _, signature = path.removeprefix("/lanck/l/").rstrip("/").partition("-")
    forged = [
        f"{head}-{'A' * 12}",
        f"{head}-",
        head,
        f"-{signature}",
        f"2-{signature}",
        f"{head}-{signature}x",
        f"{head}-é",
        "é-x",
        f"{'z' * 60}-{signature}",
        "%00-x",
    ]
    assert [client.get(f"/lanck/l/{token}/").status_code for token in forged] == [404] * len(forged)
    from django_lanck.services.messages.links import link_url

    assert client.get(link_url(without_link).removeprefix("http://testserver")).status_code == 404
    assert not Message.objects.exclude(goal="").exists()


def test_it_survives_a_new_secret_key(client, path, settings):
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another"
    assert client.get(path).status_code == 302
    settings.SECRET_KEY_FALLBACKS = []
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://example.com",
        "//evil.example",
        "/relative",
        "https://",
        "https:///x",
        "https:\\\\evil.example",
        "https://a b.example",
        "https://example.com/\r\nSet-Cookie: x=y",
        "https://example.com/\x00",
        " https://example.com",
        "",
        7,
    ],
)
def test_only_web_addresses_are_led_to(lanck, phone, link):
    with pytest.raises(InvalidArgument) as refused:
        send_sms(number=phone, text="{link}", link=link)
    assert refused.value.field == "link"
    assert not Message.objects.exists()


def test_a_text_with_a_place_and_a_link_go_together(lanck, phone):
    for text, link in (("No place", TARGET), ("{link}", None)):
        with pytest.raises(InvalidArgument, match="link"):
            send_sms(number=phone, text=text, link=link)


def test_a_link_needs_the_address_of_the_site(lanck, phone):
    keys = {**lanck.settings, "CALLBACK_BASE_URL": ""}
    with override_settings(LANCK=keys), pytest.raises(InvalidArgument, match="CALLBACK_BASE_URL"):
        send_sms(number=phone, text="{link}", link=TARGET)
    assert not lanck.sent
    assert not Message.objects.exists()


def test_a_site_without_the_address_of_links_keeps_no_message(lanck, phone, settings):
    settings.ROOT_URLCONF = "tests.commands"  # a module without any address
    for text, link in (("Hi", None), ("{link}", TARGET)):
        with pytest.raises(ImproperlyConfigured):
            send_sms(number=phone, text=text, link=link)
    assert not lanck.sent
    assert not Message.objects.exists()


def test_a_link_to_a_name_in_another_script_is_led_to(client, lanck, phone):
    send_sms(number=phone, text="{link}", link="https://пример.example/путь")
    path = lanck.sent[-1].text.removeprefix("http://testserver")
    location = client.get(path).headers["Location"]
    assert location.isascii()
    assert location.startswith("https://")
