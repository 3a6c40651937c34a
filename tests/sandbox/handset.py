"""Helpers of the tests of the handset page."""

import re
from html import unescape

from django_lanck.sandbox.models import SandboxInbound, SandboxInboundPost, SandboxMessage, SandboxRequest

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
