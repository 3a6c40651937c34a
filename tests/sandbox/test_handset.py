"""The handset page and its JSON."""

import re
from datetime import datetime, timedelta
from html import unescape

import pytest
from django.contrib.staticfiles import finders
from django.db import connection
from django.test import Client
from django.utils import timezone

from django_lanck.sandbox.handset import inbox
from django_lanck.sandbox.handset import views as handset
from django_lanck.sandbox.models import (
    SandboxInbound,
    SandboxInboundPost,
    SandboxMessage,
    SandboxReceipt,
    SandboxRequest,
)
from django_lanck.sandbox.provider import receipts

PHONE = "+12015550123"
TEXT_URL = f"/sandbox/handset/{PHONE}/text/"
CHANNELS = ["sms", "voice", "call", "push", "viber", "rcs", "flash", "p2s", "t2s", "whatsapp", "zalo"]
EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>"


def page(api, query=""):
    answer = api.client.get(f"/sandbox/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def words(html):
    """What a person reads on the phone, without the markup."""
    face = html[html.index('data-live="handset"') : html.index('data-live="composer"')]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", "", face)))


def request_of(channel="sms", number=PHONE, product="sms", status="DELIVERED", **fields):
    return SandboxRequest.objects.create(
        product=product, channel=channel, number=number, sender="Shop", status=status, mccmnc="00101", **fields
    )


def arrive(channel="sms", *, by=None, payload=None, number=PHONE, product="messaging", **fields):
    """Something comes to the phone on a channel, or by one step of a chain."""
    request = request_of(channel, number, product, payload=payload or {})
    return SandboxMessage.objects.create(
        request=request, number=number, channel=by or channel, **{"sender": "Shop", "text": "Hello"} | fields
    )


def type_text(text="STOP", *posts, **fields):
    """Something was texted from the phone, and posted with these answers or problems."""
    inbound = SandboxInbound.objects.create(**{"sender": PHONE, "recipient": "+9995550000", "text": text} | fields)
    for post in posts:
        known = {"http_status": post} if isinstance(post, int) else {"problem": post}
        SandboxInboundPost.objects.create(inbound=inbound, **known)
    return inbound


def test_the_json_tells_what_the_phone_received_newest_first(api):
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
def test_a_number_may_be_spelled_in_many_ways(api, spelling):
    api.start(PHONE)
    assert len(api.messages(spelling)) == 1
    assert "Your code is" in page(api, f"?number={spelling}")


@pytest.mark.parametrize("number", ["+12015550199", "nobody", "+", "1" * 40])
def test_an_unknown_phone_has_no_messages(api, number):
    assert api.client.get(f"/sandbox/handset/{number}/").json() == {"messages": [], "inbound": []}


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


def test_undelivered_message_is_shown_without_its_code(sandbox):
    sandbox.start("+12015550101")
    receipts.flush()
    html = page(sandbox)
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
    from django_lanck.sandbox.provider.magic import meaning_of

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


def test_the_page_with_50_messages_takes_as_many_statements_as_with_one_of_each(api, django_assert_num_queries):
    def fill(times):
        for channel in CHANNELS * times:
            message = arrive(channel, code="1234")
            SandboxReceipt.objects.create(request=message.request, status="SENT", http_status=200)
            type_text("STOP", 500, 204)

    for times in (1, 4):
        fill(times)
        with django_assert_num_queries(11):
            html = page(api)
        with django_assert_num_queries(6):
            api.client.get("/sandbox/handsets/")
        with django_assert_num_queries(3):
            api.client.get(f"/sandbox/handset/{PHONE}/")
    assert html.count("data-key=") == inbox.MOST_MESSAGES == 50


@pytest.mark.parametrize(
    ("channel", "seen"),
    [
        ("sms", "Shop SMS"),
        ("push", "Shop Push notification"),
        ("viber", "Shop Viber message"),
        ("rcs", "Shop RCS message"),
        ("whatsapp", "Shop WhatsApp message"),
        ("zalo", "Shop Zalo message"),
        ("flash", "Missed call Flash call"),
        ("p2s", "Incoming call Spoken code"),
        ("t2s", "Incoming call Spoken text"),
    ],
)
def test_every_channel_has_its_name_and_its_picture(api, channel, seen):
    arrive(channel)
    html = page(api)
    assert f" {seen} " in words(html)
    [icon] = re.findall(r'class="app app-\w+".*?href="#icon-(\w+)"', html)
    assert f'<symbol id="icon-{icon}"' in html


@pytest.mark.parametrize("channel", ["voice", "p2s", "t2s"])
def test_what_a_voice_says_is_to_be_read(api, channel):
    arrive(channel, sender="+9995550100", text="Your table is ready.")
    assert "From +9995550100. The voice says: Your table is ready." in words(page(api))


def test_a_flash_call_marks_the_code_in_the_number_that_rang(api):
    arrive("flash", sender="+99955501482913", code="482913", text="")
    assert "+99955501<mark>482913</mark>" in page(api)


def test_a_flash_call_from_a_number_without_the_code_marks_nothing(api):
    arrive("flash", sender="+9995550100", code="482913", text="")
    html = page(api)
    assert "<mark>" not in html
    assert "last 6 digits" not in html
    assert "+9995550100" in html


def test_a_push_has_a_title_and_a_text(api):
    arrive("push", title="Two stops away", text="Please be at the door.")
    assert "Two stops away Please be at the door." in words(page(api))


def test_a_picture_is_named_and_never_loaded(api):
    arrive("viber", image_url="https://cdn.example.com/van.jpg")
    html = page(api)
    assert "Picture, not loaded from https://cdn.example.com/van.jpg" in words(html)
    assert "<img" not in html
    assert not re.search(r'(src|srcset|href)="https?:', html)


def test_a_button_says_where_it_leads_and_tells_that_place_nothing(api):
    arrive("viber", button_caption="Track it", button_url="https://shop.example.com/t?a=1&b=2")
    html = page(api)
    assert 'href="https://shop.example.com/t?a=1&amp;b=2" target="_blank" rel="noopener noreferrer"' in html
    assert "Track it https://shop.example.com/t?a=1&b=2" in words(html)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        " javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "/admin/",
        "http:evil.example",
        "https://",
        "https:\\\\evil.example",
        "https://a.example\njavascript:alert(1)",
        "tel:+1",
    ],
)
def test_a_button_with_any_other_address_is_no_link(api, url):
    arrive("viber", button_caption="Track it", button_url=url)
    html = page(api)
    face = html[html.index('class="notices"') : html.index('data-live="composer"')]
    assert " href=" not in face.replace('href="#icon', "")
    assert "Track it leads nowhere" in words(html)


@pytest.mark.parametrize("channel", CHANNELS)
def test_markup_in_any_text_is_inert(api, channel):
    arrive(
        channel, sender="<b>Shop</b>", text=EVIL, title=EVIL, image_url=EVIL, button_caption=EVIL, button_url=EVIL,
        code="<b>1</b>",
    )  # fmt: skip
    type_text(EVIL, "<b>no answer")
    html = page(api)
    assert "&lt;script&gt;alert(1)" in html
    assert not re.search(r"<(b>|img|script>)", html.replace("<b>SENT", ""))


def test_every_text_finds_its_own_direction(api):
    for channel in ("sms", "push", "viber", "t2s"):
        arrive(channel, text="שלום")
    type_text("مرحبا")
    assert len(re.findall(r'<p[^>]* dir="auto">(שלום|مرحبا)<', page(api))) == 5


def test_a_page_of_all_channels_needs_no_more_than_the_site_itself(api):
    """Nothing inline, and no address that the browser would load: the only one is that of a link."""
    for channel in CHANNELS:
        arrive(channel, image_url="https://a.example/x.png", button_caption="Go", button_url="https://a.example/go")
    type_text()
    html = page(api)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|url\(", html.replace("http-equiv", ""))
    assert re.findall(r"<script[^>]*>[^<]*</script>", html) == [
        '<script src="/static/lanck_sandbox/handset.js" defer></script>'
    ]
    fetched = re.findall(r'(?:src|srcset|poster|action|data|(?:link rel="[a-z]+")\s+href)="([^"]*)"', html)
    assert fetched
    assert all(address.startswith(("/static/", "/sandbox/")) for address in fetched)


def chain_on(html):
    [line] = re.findall(r'<p class="chain">(.*?)</p>', html)
    return unescape(re.sub(r"<[^>]*>", "", line))


FLOW = {"flow": [{"type": "push"}, {"type": "viber"}, {"type": "sms"}]}


def test_a_chain_is_shown_by_the_step_that_arrived(api):
    arrive("failover", by="viber", payload=FLOW)
    html = page(api)
    assert " Shop Viber message " in words(html)
    assert chain_on(html) == "failover chain: push → viber (arrived) → sms"


def test_a_chain_of_which_nothing_arrived(api):
    request_of("failover", payload=FLOW, status="UNDELIVERED")
    html = page(api)
    assert "Failover message did not arrive" in words(html)
    assert chain_on(html) == "failover chain: push → viber → sms"


@pytest.mark.parametrize(
    ("payload", "line"),
    [
        ({"flow": [{"type": "sms"}, {"type": "sms"}]}, "sms (arrived) → sms"),
        ({"flow": [{"type": "<b>x"}, {}, None, 7, {"type": ["sms"]}, {"type": ""}]}, "<b>x → ? → ? → ? → ? → ?"),
        ({"flow": [{"type": "x" * 999}] * 99}, " → ".join(["x" * 16] * inbox.MOST_STEPS)),
    ],
)
def test_a_chain_is_whatever_the_client_sent(api, payload, line):
    arrive("failover", by="sms", payload=payload)
    assert chain_on(page(api)) == f"failover chain: {line}"


@pytest.mark.parametrize("payload", [{}, [], 7, "flow", {"flow": None}, {"flow": {}}, {"flow": "sms"}, {"flow": []}])
def test_what_is_no_chain_is_not_shown_as_one(api, payload):
    message = arrive("failover", by="sms")
    SandboxRequest.objects.filter(pk=message.request_id).update(payload=payload)
    assert '<p class="chain">' not in page(api)


def test_a_look_up_is_nothing_that_a_phone_gets(api):
    request_of("hlr", "+12015550177", "insight.hlr")
    assert "No phone has received anything yet" in page(api)
    arrive(number="+12015550177")
    request_of("hlr", "+12015550177", "insight.hlr")
    html = page(api)
    assert "did not arrive" not in html
    assert html.count("data-key=") == 1


def test_texts_stand_between_what_was_received_in_order_of_time(api):
    now = timezone.now()
    for minutes, what in ((1, arrive(text="first")), (3, arrive(text="third"))):
        SandboxMessage.objects.filter(pk=what.pk).update(created_at=now + timedelta(minutes=minutes))
    type_text("second", created_at=now + timedelta(minutes=2))
    type_text("fourth", created_at=now + timedelta(minutes=4))
    type_text("elsewhere", sender="+12015550199")
    assert re.findall("first|second|third|fourth|elsewhere", words(page(api, f"?number={PHONE}"))) == [
        "fourth",
        "third",
        "second",
        "first",
    ]


def test_a_phone_that_only_texted_is_one_of_the_phones(api):
    arrive(number="+12015550151")
    type_text("Hi", sender="+12015550152")
    phones = api.client.get("/sandbox/handsets/").json()["phones"]
    assert [phone["number"] for phone in phones] == ["+12015550152", "+12015550151"]
    assert "Texted the site" in page(api)


@pytest.mark.parametrize(
    ("posts", "url", "seen"),
    [
        ([], "", "not posted: INBOUND_URL is not set"),
        ([], "http://127.0.0.1/in/", "not posted yet"),
        ([204], "", "posted, answered 204"),
        ([500, 204], "", "posted again, answered 204 Posts: 2"),
        (["no answer: ConnectTimeout"], "", "no answer: ConnectTimeout"),
    ],
)
def test_a_text_says_how_it_was_posted(api, settings, posts, url, seen):
    settings.LANCK_SANDBOX = {"ALLOW_WITHOUT_DEBUG": True, "INBOUND_URL": url}
    type_text("STOP", *posts)
    assert f"STOP {seen}" in words(page(api))


def test_every_post_of_a_text_is_listed(api):
    type_text("STOP", 500, "no answer: ReadTimeout", 204)
    assert re.search(
        r"posted, answered 500 [\d:]+ no answer: ReadTimeout [\d:]+ posted again, answered 204 ", words(page(api))
    )


def test_the_json_tells_what_the_phone_sent(api):
    older = type_text("Hello")
    newer = type_text("STOP", 500, "no answer: ReadTimeout", parts=2)
    texts = api.client.get(f"/sandbox/handset/{PHONE}/").json()["inbound"]
    assert [text["message_id"] for text in texts] == [newer.message_id, older.message_id]
    posts = [(post["http_status"], post["problem"]) for post in texts[0].pop("posts")]
    assert posts == [(500, ""), (None, "no answer: ReadTimeout")]
    assert datetime.fromisoformat(texts[0].pop("at")).tzinfo
    assert texts[0] == {"message_id": newer.message_id, "to": "+9995550000", "text": "STOP", "parts": 2}


def test_the_version_differs_when_a_text_or_its_post_was_added(api):
    seen = {inbox.version()}
    inbound = type_text()
    seen.add(inbox.version())
    SandboxInboundPost.objects.create(inbound=inbound, http_status=204)
    seen.add(inbox.version())
    assert len(seen) == 3


@pytest.fixture
def person(api):
    """A browser that keeps cookies and is asked for the token of a form."""
    return Client(enforce_csrf_checks=True)


def send(person, text, **form):
    html = person.get("/sandbox/", {"number": PHONE}).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', html)[1]
    return person.post(TEXT_URL, {"csrfmiddlewaretoken": token, "text": text} | form)


def test_a_person_texts_the_site_and_is_back_at_the_phone(person, settings):
    settings.LANCK_SANDBOX = {"ALLOW_WITHOUT_DEBUG": True, "RENTED_NUMBER": "+12025550143"}
    answer = send(person, "YES,\r\nplease")
    assert (answer.status_code, answer["Location"]) == (302, "/sandbox/?number=%2B12015550123")
    inbound = SandboxInbound.objects.get()
    assert (inbound.sender, inbound.recipient, inbound.text) == (PHONE, "+12025550143", "YES,\nplease")
    html = person.get(answer["Location"]).content.decode()
    assert "To +1 202-555-0143" in words(html)
    assert "Text the site" in html


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "nothing to send"),
        (" ", "nothing to send"),
        ("x" * 1601, "1,601 characters, and 1,600 fit"),
        ("a\0b", "NUL"),
    ],
)
def test_a_text_that_no_phone_can_send_is_refused_and_kept(person, text, problem):
    answer = send(person, text)
    html = answer.content.decode()
    assert answer.status_code == 400
    assert problem in html
    assert f">\n{text}</textarea>" in html
    assert 'aria-invalid="true" aria-describedby="problem"' in html
    assert not SandboxInbound.objects.exists()


@pytest.mark.parametrize("text", ["x", "x" * 1600, "é\r\n" * 800, "\U0001f600"])
def test_every_other_text_is_sent(person, text):
    assert send(person, text).status_code == 302
    assert SandboxInbound.objects.get().text == text.replace("\r\n", "\n")


def test_markup_in_a_refused_text_is_inert(person):
    html = send(person, "</textarea>" + EVIL + "\0").content.decode()
    assert "<script>alert" not in html
    assert html.count("</textarea>") == 1


def test_another_site_cannot_text_through_a_visitor(person):
    assert person.post(TEXT_URL, {"text": "STOP"}).status_code == 403
    assert not SandboxInbound.objects.exists()


@pytest.mark.parametrize("number", ["nobody", "+", "1" * 16])
def test_only_a_phone_can_text(api, number):
    url = f"/sandbox/handset/{number}/text/"
    assert api.client.get(url).status_code == 404
    assert api.client.post(url, {"text": "STOP"}).status_code == 404
    assert not SandboxInbound.objects.exists()


def test_where_the_sandbox_may_not_run_nobody_texts(api, settings):
    settings.LANCK_SANDBOX = {}
    for answer in (api.client.get(TEXT_URL), api.client.post(TEXT_URL, {"text": "STOP"})):
        assert answer.status_code == 403
        assert b"ALLOW_WITHOUT_DEBUG" in answer.content
    assert not SandboxInbound.objects.exists()


def test_a_site_that_wants_a_login_everywhere_lets_the_phone_text(api, settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
    answer = api.client.post(TEXT_URL, {"text": "STOP"})
    assert answer["Location"] == "/sandbox/?number=%2B12015550123"


@pytest.mark.django_db(transaction=True)
def test_a_text_is_sent_outside_any_transaction(api, settings, monkeypatch):
    inside = []
    monkeypatch.setattr(handset.inbound, "send", lambda *_: inside.append(connection.in_atomic_block))
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    api.client.post(TEXT_URL, {"text": "STOP"})
    assert inside == [False]


def test_where_a_person_writes_without_script_the_page_does_not_reload_itself(api):
    arrive()
    assert f'<noscript><a href="{TEXT_URL}">Text the site</a>' in page(api)
    writing = api.client.get(TEXT_URL)
    assert writing.status_code == 200
    html = writing.content.decode()
    assert "http-equiv" not in html
    assert '<body class="writing"' in html
    assert f'action="{TEXT_URL}"' in html
    assert 'href="/sandbox/?number=%2B12015550123"' in html


def test_without_a_phone_there_is_nothing_to_text_from(api):
    assert "<textarea" not in page(api)
