"""The handset page: its phones, its JSON, its version and what it loads."""

import re
from datetime import datetime, timedelta

import pytest
from django.contrib.staticfiles import finders
from django.utils import timezone

from django_lanck.sandbox.handset import queries
from django_lanck.sandbox.models import (
    SandboxMessage,
    SandboxReceipt,
    SandboxRequest,
)
from django_lanck.sandbox.provider import magic, receipts
from tests.sandbox.handset import CHANNELS, PHONE, page, receive, request_of, send_text, visible_text


def test_json_has_the_received_messages_newest_first(api):
    ids = [api.start(PHONE, method=method, codeLength="6") for method in ("sms", "voice", "call")]
    messages = api.messages()
    assert [message["request_id"] for message in messages] == ids[::-1]
    assert [message["channel"] for message in messages] == ["call", "voice", "sms"]
    sms = messages[2]
    known = {"id", "channel", "sender", "text", "code", "request_id", "status", "at", "product"}
    assert set(sms) == known | {"title", "image_url", "button_caption", "button_url"}
    assert sms["product"] == "verify.sms"
    assert sms["text"] == f"Your code is {sms['code']}"
    assert (sms["sender"], sms["status"]) == ("LANCK", "SENT")
    assert datetime.fromisoformat(sms["at"]).tzinfo


@pytest.mark.parametrize("spelling", ["+12015550123", "%2B12015550123", "12015550123", "+1%20201-555-0123"])
def test_number_in_a_url_is_accepted_in_several_formats(api, spelling):
    api.start(PHONE)
    assert len(api.messages(spelling)) == 1
    assert "Your code is" in page(api, f"?number={spelling}")


@pytest.mark.parametrize("number", ["+12015550199", "nobody", "+", "1" * 40])
def test_unknown_phone_has_no_messages(api, number):
    assert api.client.get(f"/sandbox/handset/{number}/").json() == {"messages": [], "inbound": []}


def test_json_is_neither_cached_nor_shared_with_other_origins(api):
    answer = api.client.get(f"/sandbox/handset/{PHONE}/", headers={"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in answer
    assert "no-store" in answer["Cache-Control"]
    assert api.client.post(f"/sandbox/handset/{PHONE}/").status_code == 405


def test_page_without_any_phone(api):
    html = page(api)
    assert "No phone has received anything yet" in html
    assert "+12015550100" in html


def test_page_of_a_phone_without_messages(api):
    api.start(PHONE)
    assert "Nothing received yet" in page(api, "?number=%2B12015550188")


def test_newest_phone_is_shown_unless_another_is_selected(api):
    api.start("+12015550151", **{"from": "First"})
    api.start("+12015550152", **{"from": "Second"})
    assert "Second" in page(api)
    selected = page(api, "?number=%2B12015550151")
    assert "First" in selected
    assert "Second" not in selected
    assert re.search(r'number=%2B12015550151"\s+aria-current="true"', selected)


def test_codes_are_shown_by_sms_voice_and_missed_call(api):
    for method in ("sms", "voice", "call"):
        api.start(PHONE, method=method, codeLength="6")
    call, voice, sms = api.messages()
    html = page(api)
    assert sms["text"] in html
    assert f'data-copy="{sms["code"]}"' in html
    assert "The voice says:" in html
    assert " ".join(voice["code"]) in html
    assert f"{call['sender'][:-6]}<mark>{call['code']}</mark>" in html
    assert "the last 6 digits" in html


def test_undelivered_message_is_shown_without_its_code(sandbox):
    sandbox.start("+12015550101")
    receipts.flush()
    html = page(sandbox)
    assert "SMS did not arrive" in html
    assert "Not delivered" in html
    assert not re.search(r'data-copy="\d{4}"', html)


def test_sender_text_code_and_status_are_escaped(api):
    request = SandboxRequest.objects.get(request_id=api.start(PHONE))
    markup = "<script>alert(1)"
    SandboxMessage.objects.filter(request=request).update(sender=markup, text=markup + "\"'", code='"><b>')
    SandboxRequest.objects.filter(pk=request.pk).update(status=markup)
    html = page(api)
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert '"><b>' not in html


def test_page_loads_only_from_the_site(api):
    """The page works with the policy ``default-src 'self'``: it has no inline script or style and no external URLs."""
    for method in ("sms", "voice", "call"):
        api.start(PHONE, method=method)
    html = page(api)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|https?://", html.replace("http-equiv", ""))
    assert re.findall(r"<script([^>]*)>([^<]*)</script>", html) == [
        (' src="/static/lanck_sandbox/handset.js" defer', "")
    ]
    for name in ("handset.js", "handset.css", "icon.svg"):
        assert finders.find(f"lanck_sandbox/{name}")


def test_page_reloads_itself_without_javascript(api):
    assert '<noscript><meta http-equiv="refresh"' in page(api)


def test_version_changes_with_every_request_and_status(api):
    def version():
        return api.client.get("/sandbox/handsets/").json()["version"]

    seen = [version()]
    request_id = api.start(PHONE)
    seen.append(version())
    request = SandboxRequest.objects.get(request_id=request_id)
    receipts.events_of(request, magic.effect_of(PHONE).delivery)[0].perform()
    seen.append(version())
    assert len(set(seen)) == 3
    assert version() == seen[-1]


def test_lists_of_phones_and_messages_are_limited(api, settings):
    settings.LANCK_SANDBOX = {"ALLOW_WITHOUT_DEBUG": True, "REQUESTS_PER_SECOND": 10_000}
    for last in range(25):
        api.start(f"+120555501{last:02}")
    for _ in range(55):
        api.start(PHONE)
    phones = api.client.get("/sandbox/handsets/").json()["phones"]
    assert len(phones) == queries.MAX_PHONES == 20
    assert phones[0]["number"] == PHONE
    assert len(api.messages()) == queries.MAX_MESSAGES == 50


def test_number_of_queries_does_not_depend_on_the_number_of_messages(api, django_assert_num_queries):
    def fill(times):
        for channel in CHANNELS * times:
            message = receive(channel, code="1234")
            SandboxReceipt.objects.create(request=message.request, status="SENT", http_status=200)
            send_text("STOP", 500, 204)

    for times in (1, 4):
        fill(times)
        with django_assert_num_queries(11):
            html = page(api)
        with django_assert_num_queries(6):
            api.client.get("/sandbox/handsets/")
        with django_assert_num_queries(3):
            api.client.get(f"/sandbox/handset/{PHONE}/")
    assert html.count("data-key=") == queries.MAX_MESSAGES == 50


def test_hlr_lookup_is_not_shown(api):
    request_of("hlr", "+12015550177", "insight.hlr")
    assert "No phone has received anything yet" in page(api)
    receive(number="+12015550177")
    request_of("hlr", "+12015550177", "insight.hlr")
    html = page(api)
    assert "did not arrive" not in html
    assert html.count("data-key=") == 1


def test_sent_and_received_messages_are_sorted_by_time(api):
    now = timezone.now()
    for minutes, message in ((1, receive(text="first")), (3, receive(text="third"))):
        SandboxMessage.objects.filter(pk=message.pk).update(created_at=now + timedelta(minutes=minutes))
    send_text("second", created_at=now + timedelta(minutes=2))
    send_text("fourth", created_at=now + timedelta(minutes=4))
    send_text("elsewhere", sender="+12015550199")
    assert re.findall("first|second|third|fourth|elsewhere", visible_text(page(api, f"?number={PHONE}"))) == [
        "fourth",
        "third",
        "second",
        "first",
    ]
