"""The handset page and its JSON."""

import re
from datetime import datetime, timedelta
from html import unescape

import pytest
from django.contrib.staticfiles import finders
from django.db import connection
from django.test import Client
from django.utils import timezone

from django_lanck.sandbox.handset import entries, queries
from django_lanck.sandbox.handset import views as handset
from django_lanck.sandbox.models import (
    SandboxInbound,
    SandboxInboundPost,
    SandboxMessage,
    SandboxReceipt,
    SandboxRequest,
)
from django_lanck.sandbox.provider import magic, receipts

PHONE = "+12015550123"
TEXT_URL = f"/sandbox/handset/{PHONE}/text/"
CHANNELS = ["sms", "voice", "call", "push", "viber", "rcs", "flash", "p2s", "t2s", "whatsapp", "zalo"]
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(2)>"


def page(api, query=""):
    answer = api.client.get(f"/sandbox/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def visible_text(html):
    """Return the text of the phone without the markup."""
    phone = html[html.index('data-live="handset"') : html.index('data-live="composer"')]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", "", phone)))


def request_of(channel="sms", number=PHONE, product="sms", status="DELIVERED", **fields):
    return SandboxRequest.objects.create(
        product=product, channel=channel, number=number, sender="Shop", status=status, mccmnc="00101", **fields
    )


def receive(channel="sms", *, by=None, payload=None, number=PHONE, product="messaging", **fields):
    """Store a message that the phone received on a channel, or by a step of a chain."""
    request = request_of(channel, number, product, payload=payload or {})
    return SandboxMessage.objects.create(
        request=request, number=number, channel=by or channel, **{"sender": "Shop", "text": "Hello"} | fields
    )


def send_text(text="STOP", *posts, **fields):
    """Store an SMS from the phone, and its posts with these HTTP statuses or problems."""
    inbound = SandboxInbound.objects.create(**{"sender": PHONE, "recipient": "+9995550000", "text": text} | fields)
    for post in posts:
        result = {"http_status": post} if isinstance(post, int) else {"problem": post}
        SandboxInboundPost.objects.create(inbound=inbound, **result)
    return inbound


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


@pytest.mark.parametrize(
    ("channel", "shown"),
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
def test_every_channel_has_a_title_and_an_icon(api, channel, shown):
    receive(channel)
    html = page(api)
    assert f" {shown} " in visible_text(html)
    [icon] = re.findall(r'class="app app-\w+".*?href="#icon-(\w+)"', html)
    assert f'<symbol id="icon-{icon}"' in html


@pytest.mark.parametrize("channel", ["voice", "p2s", "t2s"])
def test_text_of_a_voice_call_is_shown(api, channel):
    receive(channel, sender="+9995550100", text="Your table is ready.")
    assert "From +9995550100. The voice says: Your table is ready." in visible_text(page(api))


def test_code_is_marked_in_the_calling_number_of_a_flash_call(api):
    receive("flash", sender="+99955501482913", code="482913", text="")
    assert "+99955501<mark>482913</mark>" in page(api)


def test_calling_number_without_the_code_is_not_marked(api):
    receive("flash", sender="+9995550100", code="482913", text="")
    html = page(api)
    assert "<mark>" not in html
    assert "last 6 digits" not in html
    assert "+9995550100" in html


def test_push_is_shown_with_title_and_text(api):
    receive("push", title="Two stops away", text="Please be at the door.")
    assert "Two stops away Please be at the door." in visible_text(page(api))


def test_url_of_a_picture_is_shown_and_not_loaded(api):
    receive("viber", image_url="https://cdn.example.com/van.jpg")
    html = page(api)
    assert "Picture not loaded: https://cdn.example.com/van.jpg" in visible_text(html)
    assert "<img" not in html
    assert not re.search(r'(src|srcset|href)="https?:', html)


def test_button_shows_its_url_and_sends_no_referrer(api):
    receive("viber", button_caption="Track it", button_url="https://shop.example.com/t?a=1&b=2")
    html = page(api)
    assert 'href="https://shop.example.com/t?a=1&amp;b=2" target="_blank" rel="noopener noreferrer"' in html
    assert "Track it https://shop.example.com/t?a=1&b=2" in visible_text(html)


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
def test_button_with_an_unsafe_url_is_not_a_link(api, url):
    receive("viber", button_caption="Track it", button_url=url)
    html = page(api)
    entries_html = html[html.index('class="notices"') : html.index('data-live="composer"')]
    assert " href=" not in entries_html.replace('href="#icon', "")
    assert "Track it not a link: " in visible_text(html)


@pytest.mark.parametrize("channel", CHANNELS)
def test_markup_in_any_field_is_escaped(api, channel):
    receive(
        channel, sender="<b>Shop</b>", text=MARKUP, title=MARKUP, image_url=MARKUP, button_caption=MARKUP,
        button_url=MARKUP, code="<b>1</b>",
    )  # fmt: skip
    send_text(MARKUP, "<b>no answer")
    html = page(api)
    assert "&lt;script&gt;alert(1)" in html
    assert not re.search(r"<(b>|img|script>)", html.replace("<b>SENT", ""))


def test_direction_of_every_text_is_automatic(api):
    for channel in ("sms", "push", "viber", "t2s"):
        receive(channel, text="שלום")
    send_text("مرحبا")
    assert len(re.findall(r'<p[^>]* dir="auto">(שלום|مرحبا)<', page(api))) == 5


def test_page_of_all_channels_loads_only_from_the_site(api):
    """The page has nothing inline, and the only external URL is that of a link."""
    for channel in CHANNELS:
        receive(channel, image_url="https://a.example/x.png", button_caption="Go", button_url="https://a.example/go")
    send_text()
    html = page(api)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|url\(", html.replace("http-equiv", ""))
    assert re.findall(r"<script[^>]*>[^<]*</script>", html) == [
        '<script src="/static/lanck_sandbox/handset.js" defer></script>'
    ]
    loaded = re.findall(r'(?:src|srcset|poster|action|data|(?:link rel="[a-z]+")\s+href)="([^"]*)"', html)
    assert loaded
    assert all(url.startswith(("/static/", "/sandbox/")) for url in loaded)


def chain_in(html):
    [line] = re.findall(r'<p class="chain">(.*?)</p>', html)
    return unescape(re.sub(r"<[^>]*>", "", line))


FLOW = {"flow": [{"type": "push"}, {"type": "viber"}, {"type": "sms"}]}


def test_chain_is_shown_with_the_step_that_arrived(api):
    receive("failover", by="viber", payload=FLOW)
    html = page(api)
    assert " Shop Viber message " in visible_text(html)
    assert chain_in(html) == "Failover chain: push → viber (arrived) → sms"


def test_undelivered_chain_is_shown_with_all_its_steps(api):
    request_of("failover", payload=FLOW, status="UNDELIVERED")
    html = page(api)
    assert "Failover message did not arrive" in visible_text(html)
    assert chain_in(html) == "Failover chain: push → viber → sms"


@pytest.mark.parametrize(
    ("payload", "line"),
    [
        ({"flow": [{"type": "sms"}, {"type": "sms"}]}, "sms (arrived) → sms"),
        ({"flow": [{"type": "<b>x"}, {}, None, 7, {"type": ["sms"]}, {"type": ""}]}, "<b>x → ? → ? → ? → ? → ?"),
        ({"flow": [{"type": "x" * 999}] * 99}, " → ".join(["x" * 16] * entries.MAX_STEPS)),
    ],
)
def test_steps_of_a_chain_are_shown_as_the_client_sent_them(api, payload, line):
    receive("failover", by="sms", payload=payload)
    assert chain_in(page(api)) == f"Failover chain: {line}"


@pytest.mark.parametrize("payload", [{}, [], 7, "flow", {"flow": None}, {"flow": {}}, {"flow": "sms"}, {"flow": []}])
def test_payload_without_steps_is_not_shown_as_a_chain(api, payload):
    message = receive("failover", by="sms")
    SandboxRequest.objects.filter(pk=message.request_id).update(payload=payload)
    assert '<p class="chain">' not in page(api)


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
