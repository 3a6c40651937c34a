"""The handset page and its JSON."""

import re
from datetime import datetime

import pytest
from django.contrib.staticfiles import finders

from django_lanck.sandbox import inbox, receipts
from django_lanck.sandbox.models import SandboxMessage, SandboxRequest

PHONE = "+12015550123"


def page(api, query=""):
    answer = api.client.get(f"/sandbox/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_json_tells_what_the_phone_received_newest_first(api):
    ids = [api.start(PHONE, method=method, codeLength="6") for method in ("sms", "voice", "call")]
    messages = api.messages()
    assert [message["request_id"] for message in messages] == ids[::-1]
    assert [message["channel"] for message in messages] == ["call", "voice", "sms"]
    sms = messages[2]
    assert set(sms) == {"id", "channel", "sender", "text", "code", "request_id", "status", "at"}
    assert sms["text"] == f"Your code is {sms['code']}"
    assert (sms["sender"], sms["status"]) == ("LANCK", "SENT")
    assert datetime.fromisoformat(sms["at"]).tzinfo


@pytest.mark.parametrize("spelling", ["+12015550123", "%2B12015550123", "12015550123", "+1%20201-555-0123"])
def test_a_number_may_be_spelled_in_many_ways(api, spelling):
    api.start(PHONE)
    assert len(api.messages(spelling)) == 1
    assert "Your code is" in page(api, f"?number={spelling}")


@pytest.mark.parametrize("number", ["+12015550199", "nobody", "+", "1" * 40])
def test_an_unknown_phone_has_no_messages(api, number):
    assert api.client.get(f"/sandbox/handset/{number}/").json() == {"messages": []}


def test_the_json_is_for_this_site_only_and_never_cached(api):
    answer = api.client.get(f"/sandbox/handset/{PHONE}/", headers={"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in answer
    assert "no-store" in answer["Cache-Control"]
    assert api.client.post(f"/sandbox/handset/{PHONE}/").status_code == 405


def test_no_phone_yet(api):
    html = page(api)
    assert "No phone has received anything yet" in html
    assert "+12015550100" in html


def test_a_chosen_phone_that_got_nothing(api):
    api.start(PHONE)
    assert "Nothing received yet" in page(api, "?number=%2B12015550188")


def test_the_newest_phone_is_shown_unless_another_is_chosen(api):
    api.start("+12015550151", **{"from": "First"})
    api.start("+12015550152", **{"from": "Second"})
    assert "Second" in page(api)
    chosen = page(api, "?number=%2B12015550151")
    assert "First" in chosen
    assert "Second" not in chosen
    assert re.search(r'number=%2B12015550151"\s+aria-current="true"', chosen)


def test_each_channel_is_shown_in_its_own_words(api):
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


def test_what_did_not_arrive_is_shown_without_its_code(live):
    live.start("+12015550101")
    receipts.flush()
    import requests

    html = requests.get(f"{live.origin}/sandbox/", timeout=10).text
    assert "SMS did not arrive" in html
    assert "Not delivered" in html
    assert not re.search(r'data-copy="\d{4}"', html)


def test_everything_that_was_sent_is_escaped(api):
    request = SandboxRequest.objects.get(request_id=api.start(PHONE))
    evil = "<script>alert(1)"
    SandboxMessage.objects.filter(request=request).update(sender=evil, text=evil + "\"'", code='"><b>')
    SandboxRequest.objects.filter(pk=request.pk).update(status=evil)
    html = page(api)
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert '"><b>' not in html


def test_nothing_on_the_page_needs_more_than_the_site_itself(api):
    """A policy of ``default-src 'self'`` is enough: no inline script or style, nothing from elsewhere."""
    for method in ("sms", "voice", "call"):
        api.start(PHONE, method=method)
    html = page(api)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|https?://", html.replace("http-equiv", ""))
    assert re.findall(r"<script([^>]*)>([^<]*)</script>", html) == [
        (' src="/static/lanck_sandbox/handset.js" defer', "")
    ]
    for name in ("handset.js", "handset.css", "icon.svg"):
        assert finders.find(f"lanck_sandbox/{name}")


def test_without_script_the_page_reloads_itself(api):
    assert '<noscript><meta http-equiv="refresh"' in page(api)


def test_the_version_differs_when_anything_changed(api):
    def version():
        return api.client.get("/sandbox/handsets/").json()["version"]

    seen = [version()]
    request_id = api.start(PHONE)
    seen.append(version())
    request = SandboxRequest.objects.get(request_id=request_id)
    receipts.events_of(request, inbox_delivery())[0].perform()
    seen.append(version())
    assert len(set(seen)) == 3
    assert version() == seen[-1]


def inbox_delivery():
    from django_lanck.sandbox.magic import meaning_of

    return meaning_of(PHONE).delivery


def test_the_lists_are_bounded(api, settings):
    settings.LANCK_SANDBOX = {"ALLOW_WITHOUT_DEBUG": True, "REQUESTS_PER_SECOND": 10_000}
    for last in range(25):
        api.start(f"+120555501{last:02}")
    for _ in range(55):
        api.start(PHONE)
    phones = api.client.get("/sandbox/handsets/").json()["phones"]
    assert len(phones) == inbox.MOST_PHONES == 20
    assert phones[0]["number"] == PHONE
    assert len(api.messages()) == inbox.MOST_MESSAGES == 50


def test_a_page_takes_few_queries(api, django_assert_max_num_queries):
    for method in ("sms", "voice", "call", "sms"):
        api.start(PHONE, method=method)
    with django_assert_max_num_queries(6):
        page(api)
    with django_assert_max_num_queries(3):
        api.client.get("/sandbox/handsets/")
