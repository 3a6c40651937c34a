"""The demo site: its own pages around the ready ones, and the command that starts it."""

from __future__ import annotations

import socket
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from django_lanck.models import Verification

pytestmark = pytest.mark.django_db

PHONE_PAGES = "/account/phone"
PAGES = ["/", f"{PHONE_PAGES}/signup/", f"{PHONE_PAGES}/signup/code/", f"{PHONE_PAGES}/login/"]


@pytest.fixture
def started(client: Client, lanck, phone: str) -> Verification:
    """A signup whose code is on its way."""
    response = client.post(f"{PHONE_PAGES}/signup/", {"number": phone, "method": "sms"})
    assert response.url == f"{PHONE_PAGES}/signup/code/"
    return Verification.objects.get()


@pytest.fixture
def signed_up(client: Client, lanck, started) -> User:
    assert client.post(f"{PHONE_PAGES}/signup/code/", {"code": lanck.sent[-1].code}).url == "/"
    return User.objects.get()


def page(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


# Its own pages


def test_the_start_page_leads_everywhere(client):
    shown = page(client, "/")
    for address in (
        f"{PHONE_PAGES}/signup/",
        f"{PHONE_PAGES}/login/",
        "/members/",
        "/sandbox/",
        "/admin/",
        "/api/docs/",
    ):
        assert f'href="{address}' in shown


def test_the_start_page_shows_the_number_of_who_signed_up(client, signed_up):
    shown = page(client, "/")
    assert "Signed in with" in shown
    assert "+1 201-555-0123" in shown
    assert f"{PHONE_PAGES}/change/" in shown


def test_somebody_without_a_number_is_shown_by_name(client):
    client.force_login(User.objects.create_superuser("boss"))
    assert "Signed in as boss" in page(client, "/")


def test_the_page_for_verified_numbers_opens_for_them_only(client, signed_up):
    assert "You are in" in page(client, "/members/")
    stranger = Client()
    assert stranger.get("/members/").url == f"{PHONE_PAGES}/login/?next=/members/"
    stranger.force_login(User.objects.create_user("numberless"))
    assert stranger.get("/members/").url == f"{PHONE_PAGES}/change/?next=/members/"


def test_signing_out_takes_a_post(client, signed_up):
    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/").url == "/"
    assert "Sign out" not in page(client, "/")


def test_the_ready_pages_are_in_the_demos_own_frame(client, started):
    for path in PAGES:
        shown = page(client, path)
        assert "demo/demo.css" in shown
        assert shown.count("<main") == 1


def test_the_demo_says_where_codes_are(client, started, settings):
    settings.LANCK = {**settings.LANCK, "BASE_URL": "http://127.0.0.1:8000/sandbox/v1"}
    assert "simulated handset" in page(client, f"{PHONE_PAGES}/signup/code/")
    assert "no real message is sent" in page(client, f"{PHONE_PAGES}/signup/")


def test_a_real_account_has_no_simulated_handset(client, settings):
    settings.LANCK = {**settings.LANCK, "BASE_URL": "https://lanck.example/v1"}
    shown = page(client, "/")
    assert "/sandbox/" not in shown
    assert "messages and calls are real" in shown
    assert "no real message is sent" not in page(client, f"{PHONE_PAGES}/signup/")


@pytest.mark.parametrize("language", ["en", "ru", "de", "fr", "es", "ar"])
def test_a_language_is_chosen_on_every_page(client, language):
    answer = client.post("/language/setlang/", {"language": language, "next": f"{PHONE_PAGES}/signup/"})
    assert answer.url == f"{PHONE_PAGES}/signup/"
    shown = page(client, answer.url)
    assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in shown
    assert f'value="{language}" lang="{language}" aria-current="true"' in shown


# What browsers may load


@pytest.mark.parametrize("path", [*PAGES, "/members/", "/admin/login/", "/sandbox/"])
def test_pages_are_kept_by_no_cache_and_load_nothing_but_files_of_this_site(client, lanck, signed_up, path):
    response = client.get(path, follow=True)
    policy = dict(part.split(" ", 1) for part in response["Content-Security-Policy"].split("; "))
    for kind in ("default-src", "script-src", "style-src"):
        assert policy[kind] == "'self'"
    if path == "/sandbox/":
        return
    assert "no-store" in response["Cache-Control"]
    shown = response.content.decode()
    assert "<style" not in shown
    assert " style=" not in shown
    assert shown.count("<script") == shown.count("<script src=")
    assert "https://" not in shown


def test_the_api_docs_need_nothing_from_outside(client):
    response = client.get("/api/docs/")
    assert "Content-Security-Policy" not in response
    assert "//cdn" not in response.content.decode()
    assert client.get("/api/schema/").status_code == 200


# The command


def demo() -> str:
    out = StringIO()
    call_command("demo", no_serve=True, stdout=out, no_color=True)
    return out.getvalue()


def test_the_demo_is_safe_to_prepare_twice(client, settings):
    first, second = demo(), demo()
    assert first == second
    for address in ("/", f"{PHONE_PAGES}/signup/", "/sandbox/", "/admin/", "/api/docs/"):
        assert f"http://127.0.0.1:{settings.PORT}{address}" in first
    assert "admin / admin" in first
    assert ".venv/bin/python testproject/manage.py demo_data" in first  # Django is in there, and nowhere else
    assert client.login(username="admin", password="admin")
    assert User.objects.get().is_superuser


def test_a_changed_password_is_left_alone():
    demo()
    admin = User.objects.get()
    admin.set_password("mine")
    admin.save()
    assert "the password you gave it" in demo()
    admin.refresh_from_db()
    assert admin.check_password("mine")


def test_a_busy_port_is_said_plainly(settings):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        settings.PORT = str(other.getsockname()[1])
        with pytest.raises(CommandError, match="choose another port: make demo PORT="):
            call_command("demo")


@pytest.mark.parametrize("port", ["0", "http", "65536"])
def test_a_port_that_is_none_is_said_plainly(settings, port):
    settings.PORT = port
    with pytest.raises(CommandError, match="is not a port"):
        call_command("demo", no_serve=True)
