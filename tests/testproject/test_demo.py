"""The demo site: its own pages and the command that starts it."""

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
    """Start a signup whose code is sent."""
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


# The pages


def test_start_page_links_to_every_part(client):
    html = page(client, "/")
    for address in (
        f"{PHONE_PAGES}/signup/",
        f"{PHONE_PAGES}/login/",
        "/members/",
        "/sandbox/",
        "/admin/",
        "/api/docs/",
    ):
        assert f'href="{address}' in html


def test_start_page_shows_the_number_of_the_user(client, signed_up):
    html = page(client, "/")
    assert "Signed in with" in html
    assert "+1 201-555-0123" in html
    assert f"{PHONE_PAGES}/change/" in html


def test_start_page_shows_the_name_of_a_user_without_number(client):
    client.force_login(User.objects.create_superuser("root"))
    assert "Signed in as root" in page(client, "/")


def test_members_page_requires_a_verified_number(client, signed_up):
    assert "You are in" in page(client, "/members/")
    other = Client()
    assert other.get("/members/").url == f"{PHONE_PAGES}/login/?next=/members/"
    other.force_login(User.objects.create_user("numberless"))
    assert other.get("/members/").url == f"{PHONE_PAGES}/change/?next=/members/"


def test_logout_requires_post(client, signed_up):
    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/").url == "/"
    assert "Sign out" not in page(client, "/")


def test_ready_pages_use_the_base_template_of_the_demo(client, started):
    for path in PAGES:
        html = page(client, path)
        assert "demo/demo.css" in html
        assert html.count("<main") == 1


def test_code_page_links_to_the_handset(client, started, settings):
    settings.LANCK = {**settings.LANCK, "BASE_URL": "http://127.0.0.1:8000/sandbox/v1"}
    assert "simulated handset" in page(client, f"{PHONE_PAGES}/signup/code/")
    assert "no real message is sent" in page(client, f"{PHONE_PAGES}/signup/")


def test_pages_of_a_real_account_do_not_mention_the_handset(client, settings):
    settings.LANCK = {**settings.LANCK, "BASE_URL": "https://lanck.example/v1"}
    html = page(client, "/")
    assert "/sandbox/" not in html
    assert "messages and calls are real" in html
    assert "no real message is sent" not in page(client, f"{PHONE_PAGES}/signup/")


@pytest.mark.parametrize("language", ["en", "ru", "de", "fr", "es", "ar"])
def test_language_can_be_selected_on_every_page(client, language):
    answer = client.post("/language/setlang/", {"language": language, "next": f"{PHONE_PAGES}/signup/"})
    assert answer.url == f"{PHONE_PAGES}/signup/"
    html = page(client, answer.url)
    assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in html
    assert f'value="{language}" lang="{language}" aria-current="true"' in html


# Content-Security-Policy and caching


@pytest.mark.parametrize("path", [*PAGES, "/members/", "/admin/login/", "/sandbox/"])
def test_pages_are_not_cached_and_load_only_own_files(client, lanck, signed_up, path):
    response = client.get(path, follow=True)
    policy = dict(part.split(" ", 1) for part in response["Content-Security-Policy"].split("; "))
    for kind in ("default-src", "script-src", "style-src"):
        assert policy[kind] == "'self'"
    if path == "/sandbox/":
        return
    assert "no-store" in response["Cache-Control"]
    html = response.content.decode()
    assert "<style" not in html
    assert " style=" not in html
    assert html.count("<script") == html.count("<script src=")
    assert "https://" not in html


def test_api_docs_load_only_own_files(client):
    response = client.get("/api/docs/")
    assert "Content-Security-Policy" not in response
    assert "//cdn" not in response.content.decode()
    assert client.get("/api/schema/").status_code == 200


# The command


def demo() -> str:
    out = StringIO()
    call_command("demo", no_serve=True, stdout=out, no_color=True)
    return out.getvalue()


def test_demo_can_be_prepared_repeatedly(client, settings):
    first, second = demo(), demo()
    assert first == second
    for address in ("/", f"{PHONE_PAGES}/signup/", "/sandbox/", "/admin/", "/api/docs/"):
        assert f"http://127.0.0.1:{settings.PORT}{address}" in first
    assert "admin / admin" in first
    assert ".venv/bin/python testproject/manage.py demo_data" in first  # the Python that has Django
    assert client.login(username="admin", password="admin")
    assert User.objects.get().is_superuser


def test_changed_admin_password_is_kept():
    demo()
    admin = User.objects.get()
    admin.set_password("mine")
    admin.save()
    assert "the password you set" in demo()
    admin.refresh_from_db()
    assert admin.check_password("mine")


def test_port_in_use_is_reported(settings):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        settings.PORT = str(other.getsockname()[1])
        with pytest.raises(CommandError, match="choose another port: make demo PORT="):
            call_command("demo")


@pytest.mark.parametrize("port", ["0", "http", "65536"])
def test_invalid_port_is_reported(settings, port):
    settings.PORT = port
    with pytest.raises(CommandError, match="is not a port"):
        call_command("demo", no_serve=True)
