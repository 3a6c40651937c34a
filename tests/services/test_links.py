"""Short URLs in texts: they redirect to the stored target, count once, and cannot be forged."""

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


def test_text_contains_a_short_url_of_the_site(lanck, path):
    assert lanck.sent[-1].text == f"Your order: http://testserver{path} Thanks!"
    assert len(path) < 30
    assert fits_one_sms(lanck.sent[-1].text)
    assert Message.objects.get().content == {"text": "Your order: {link} Thanks!"}


def test_short_url_redirects_to_its_target(client, path):
    response = client.get(path)
    assert (response.status_code, response.headers["Location"]) == (302, TARGET)
    assert "no-store" in response.headers["Cache-Control"]
    assert response.headers["Referrer-Policy"] == "no-referrer"


def test_first_opening_is_reported_as_a_goal_once(lanck, client, path):
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


def test_head_request_redirects_without_reaching_the_goal(client, path):
    assert client.head(path).status_code == 302
    assert Message.objects.get().goal == ""
    assert client.post(path).status_code == 405


def test_opening_takes_two_statements(client, path, django_assert_num_queries):
    with django_assert_num_queries(2):
        client.get(path)


@pytest.mark.django_db(transaction=True)
def test_concurrent_openings_are_reported_once(lanck, client, path, django_capture_on_commit_callbacks):
    from django.test import Client

    assert {response.status_code for response in call_concurrently(lambda number: Client().get(path), 20)} == {302}
    with override_settings(LANCK={**lanck.settings, "BACKGROUND_RATE": 1000}):
        reconcile()
    assert lanck.sent[-1].goals == ["LINK_OPENED"]


def test_forged_short_url_is_not_found(client, lanck, phone, path):
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


def test_short_url_stays_valid_after_a_rotation_of_the_secret_key(client, path, settings):
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
def test_link_that_is_no_web_url_is_refused(lanck, phone, link):
    with pytest.raises(InvalidArgument) as refused:
        send_sms(number=phone, text="{link}", link=link)
    assert refused.value.field == "link"
    assert not Message.objects.exists()


def test_placeholder_without_link_and_link_without_placeholder_are_refused(lanck, phone):
    for text, link in (("No placeholder", TARGET), ("{link}", None)):
        with pytest.raises(InvalidArgument, match="link"):
            send_sms(number=phone, text=text, link=link)


def test_link_without_callback_base_url_is_refused(lanck, phone):
    keys = {**lanck.settings, "CALLBACK_BASE_URL": ""}
    with override_settings(LANCK=keys), pytest.raises(InvalidArgument, match="CALLBACK_BASE_URL"):
        send_sms(number=phone, text="{link}", link=TARGET)
    assert not lanck.sent
    assert not Message.objects.exists()


def test_site_without_the_urls_of_the_app_stores_no_message(lanck, phone, settings):
    settings.ROOT_URLCONF = "tests.commands"  # a module without URLs
    for text, link in (("Hi", None), ("{link}", TARGET)):
        with pytest.raises(ImproperlyConfigured):
            send_sms(number=phone, text=text, link=link)
    assert not lanck.sent
    assert not Message.objects.exists()


def test_link_with_an_international_domain_is_redirected_to_in_ascii(client, lanck, phone):
    send_sms(number=phone, text="{link}", link="https://пример.example/путь")
    path = lanck.sent[-1].text.removeprefix("http://testserver")
    location = client.get(path).headers["Location"]
    assert location.isascii()
    assert location.startswith("https://")
