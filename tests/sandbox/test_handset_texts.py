"""Texts from a phone to the site: the form, and what the handset page shows of them."""

import re
from datetime import datetime

import pytest
from django.db import connection
from django.test import Client

from django_lanck.sandbox.handset import queries
from django_lanck.sandbox.handset import views as handset
from django_lanck.sandbox.models import (
    SandboxInbound,
    SandboxInboundPost,
)
from tests.sandbox.handset import MARKUP, PHONE, TEXT_URL, page, receive, send_text, visible_text


def test_phone_that_only_sent_a_text_is_listed(api):
    receive(number="+12015550151")
    send_text("Hi", sender="+12015550152")
    phones = api.client.get("/sandbox/handsets/").json()["phones"]
    assert [phone["number"] for phone in phones] == ["+12015550152", "+12015550151"]
    assert "Texted the site" in page(api)


@pytest.mark.parametrize(
    ("posts", "url", "shown"),
    [
        ([], "", "not posted: INBOUND_URL is not set"),
        ([], "http://127.0.0.1/in/", "not posted yet"),
        ([204], "", "posted, answered 204"),
        ([500, 204], "", "posted again, answered 204 Posts: 2"),
        (["no answer: ConnectTimeout"], "", "no answer: ConnectTimeout"),
    ],
)
def test_status_of_the_posts_of_a_text(api, settings, posts, url, shown):
    settings.LANCK_SANDBOX = {"ALLOW_WITHOUT_DEBUG": True, "INBOUND_URL": url}
    send_text("STOP", *posts)
    assert f"STOP {shown}" in visible_text(page(api))


def test_all_posts_of_a_text_are_listed(api):
    send_text("STOP", 500, "no answer: ReadTimeout", 204)
    assert re.search(
        r"posted, answered 500 [\d:]+ no answer: ReadTimeout [\d:]+ posted again, answered 204 ",
        visible_text(page(api)),
    )


def test_json_has_the_sent_texts(api):
    older = send_text("Hello")
    newer = send_text("STOP", 500, "no answer: ReadTimeout", parts=2)
    texts = api.client.get(f"/sandbox/handset/{PHONE}/").json()["inbound"]
    assert [text["message_id"] for text in texts] == [newer.message_id, older.message_id]
    posts = [(post["http_status"], post["problem"]) for post in texts[0].pop("posts")]
    assert posts == [(500, ""), (None, "no answer: ReadTimeout")]
    assert datetime.fromisoformat(texts[0].pop("at")).tzinfo
    assert texts[0] == {"message_id": newer.message_id, "to": "+9995550000", "text": "STOP", "parts": 2}


def test_version_changes_with_every_text_and_post(api):
    seen = {queries.version()}
    inbound = send_text()
    seen.add(queries.version())
    SandboxInboundPost.objects.create(inbound=inbound, http_status=204)
    seen.add(queries.version())
    assert len(seen) == 3


@pytest.fixture
def person(api):
    """A client with CSRF checks."""
    return Client(enforce_csrf_checks=True)


def submit(person, text, **form):
    html = person.get("/sandbox/", {"number": PHONE}).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', html)[1]
    return person.post(TEXT_URL, {"csrfmiddlewaretoken": token, "text": text} | form)


def test_text_is_sent_and_the_form_redirects_to_the_phone(person, settings):
    settings.LANCK_SANDBOX = {"ALLOW_WITHOUT_DEBUG": True, "RENTED_NUMBER": "+12025550143"}
    answer = submit(person, "YES,\r\nplease")
    assert (answer.status_code, answer["Location"]) == (302, "/sandbox/?number=%2B12015550123")
    inbound = SandboxInbound.objects.get()
    assert (inbound.sender, inbound.recipient, inbound.text) == (PHONE, "+12025550143", "YES,\nplease")
    html = person.get(answer["Location"]).content.decode()
    assert "To +1 202-555-0143" in visible_text(html)
    assert "Text the site" in html


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "The text is empty"),
        (" ", "The text is empty"),
        ("x" * 1601, "1,601 characters. The maximum is 1,600."),
        ("a\0b", "NUL"),
    ],
)
def test_invalid_text_is_refused_and_stays_in_the_form(person, text, problem):
    answer = submit(person, text)
    html = answer.content.decode()
    assert answer.status_code == 400
    assert problem in html
    assert f">\n{text}</textarea>" in html
    assert 'aria-invalid="true" aria-describedby="problem"' in html
    assert not SandboxInbound.objects.exists()


@pytest.mark.parametrize("text", ["x", "x" * 1600, "é\r\n" * 800, "\U0001f600"])
def test_valid_text_is_sent(person, text):
    assert submit(person, text).status_code == 302
    assert SandboxInbound.objects.get().text == text.replace("\r\n", "\n")


def test_markup_in_a_refused_text_is_escaped(person):
    html = submit(person, "</textarea>" + MARKUP + "\0").content.decode()
    assert "<script>alert" not in html
    assert html.count("</textarea>") == 1


def test_text_without_csrf_token_is_forbidden(person):
    assert person.post(TEXT_URL, {"text": "STOP"}).status_code == 403
    assert not SandboxInbound.objects.exists()


@pytest.mark.parametrize("number", ["nobody", "+", "1" * 16])
def test_form_of_an_invalid_number_is_404(api, number):
    url = f"/sandbox/handset/{number}/text/"
    assert api.client.get(url).status_code == 404
    assert api.client.post(url, {"text": "STOP"}).status_code == 404
    assert not SandboxInbound.objects.exists()


def test_text_is_forbidden_where_the_sandbox_must_not_run(api, settings):
    settings.LANCK_SANDBOX = {}
    for answer in (api.client.get(TEXT_URL), api.client.post(TEXT_URL, {"text": "STOP"})):
        assert answer.status_code == 403
        assert b"ALLOW_WITHOUT_DEBUG" in answer.content
    assert not SandboxInbound.objects.exists()


def test_text_needs_no_login_with_login_required_middleware(api, settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
    answer = api.client.post(TEXT_URL, {"text": "STOP"})
    assert answer["Location"] == "/sandbox/?number=%2B12015550123"


@pytest.mark.django_db(transaction=True)
def test_text_is_sent_outside_of_a_transaction_with_atomic_requests(api, settings, monkeypatch):
    inside = []
    monkeypatch.setattr(handset.inbound, "send", lambda *_: inside.append(connection.in_atomic_block))
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    api.client.post(TEXT_URL, {"text": "STOP"})
    assert inside == [False]


def test_page_with_the_form_does_not_reload_itself(api):
    receive()
    assert f'<noscript><a href="{TEXT_URL}">Text the site</a>' in page(api)
    writing = api.client.get(TEXT_URL)
    assert writing.status_code == 200
    html = writing.content.decode()
    assert "http-equiv" not in html
    assert '<body class="writing"' in html
    assert f'action="{TEXT_URL}"' in html
    assert 'href="/sandbox/?number=%2B12015550123"' in html


def test_page_without_any_phone_has_no_form(api):
    assert "<textarea" not in page(api)
