"""What the handset page shows of a message on each channel, and of failover chains."""

import re
from html import unescape

import pytest

from django_lanck.sandbox.handset import entries
from django_lanck.sandbox.models import (
    SandboxRequest,
)
from tests.sandbox.handset import CHANNELS, MARKUP, page, receive, request_of, send_text, visible_text


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
