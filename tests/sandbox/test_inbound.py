"""SMS from a phone to the rented number, posted until the site takes them."""

import time

import pytest

from django_lanck.sandbox.models import SandboxInbound, SandboxInboundPost
from django_lanck.sandbox.provider import callbacks, inbound, receipts
from django_lanck.sandbox.segments import segments

PHONE = "+12015550123"


@pytest.fixture
def taking(live, site, settings):
    """The site takes inbound SMS, and no try is waited for long."""
    settings.LANCK_SANDBOX |= {"INBOUND_URL": site.url, "WAIT_SCALE": 0.0001}
    return site


def tries():
    return list(SandboxInboundPost.objects.order_by("pk").values_list("http_status", "problem"))


def test_it_is_posted_as_on_the_page(taking):
    before = int(time.time())
    sent = inbound.send(PHONE, "Hello world")
    assert receipts.wait(sent.message_id)
    [body] = taking.bodies
    assert before <= body.pop("timestamp") <= time.time()
    assert body == {
        "from": "12015550123",
        "to": "12065550100",
        "messageId": sent.message_id,
        "text": "Hello world",
        "parts": 1,
    }
    assert taking.content_types == ["json/application"]
    assert tries() == [(200, "")]
    stored = SandboxInbound.objects.get()
    assert (stored.sender, stored.recipient, stored.parts) == (PHONE, "+12065550100", 1)
    assert stored.updated_at > stored.created_at


def test_the_rented_number_can_be_set(taking, settings):
    settings.LANCK_SANDBOX |= {"RENTED_NUMBER": "+447700900000"}
    inbound.send(PHONE, "Hi")
    receipts.flush()
    assert taking.bodies[0]["to"] == "447700900000"


def test_until_it_is_taken_it_is_posted_again_and_then_no_more(taking):
    taking.answers = [500, 302, 404]
    inbound.send(PHONE, "Hi")
    assert receipts.wait()
    assert [status for status, _ in tries()] == [500, 302, 404, 200]
    assert all(body == taking.bodies[0] for body in taking.bodies)


def test_after_five_tries_it_is_given_up(taking):
    taking.answers = [500] * 10
    inbound.send(PHONE, "Hi")
    assert receipts.wait()
    assert tries() == [(500, "")] * 5


def test_the_pauses_grow_in_the_scale_of_the_sandbox(taking, settings):
    assert list(inbound.PAUSES) == sorted(set(inbound.PAUSES))
    settings.LANCK_SANDBOX |= {"WAIT_SCALE": 0.01}
    taking.answers = [500, 500]
    started = time.monotonic()
    inbound.send(PHONE, "Hi")
    assert receipts.wait()
    assert time.monotonic() - started >= 0.4
    assert len(taking.bodies) == 3


def test_a_site_that_is_down_is_tried_again(live, unused_port, settings):
    settings.LANCK_SANDBOX |= {"INBOUND_URL": f"http://127.0.0.1:{unused_port}/", "WAIT_SCALE": 0}
    inbound.send(PHONE, "Hi")
    assert receipts.wait()
    assert tries() == [(None, "no answer: ConnectionError")] * 5


def test_without_an_address_it_is_kept_and_says_why_nothing_was_posted(live):
    sent = inbound.send(PHONE, "Hi")
    receipts.flush()
    assert tries() == [(None, inbound.NO_ADDRESS)]
    assert SandboxInbound.objects.get().updated_at > sent.updated_at


def test_nothing_is_posted_into_other_peoples_networks(live, settings, monkeypatch):
    monkeypatch.setattr("requests.Session.post", lambda *args, **kwargs: pytest.fail("posted"))
    settings.LANCK_SANDBOX |= {"INBOUND_URL": "http://169.254.169.254/"}
    inbound.send(PHONE, "Hi")
    receipts.flush()
    assert tries() == [(None, callbacks.NOT_ALLOWED)]


def test_each_try_moves_the_time_that_the_page_polls_on(taking):
    taking.answers = [500]
    created_at = inbound.send(PHONE, "Hi").created_at
    assert receipts.wait()
    first, second = SandboxInboundPost.objects.order_by("pk").values_list("created_at", flat=True)
    assert created_at < first < second == SandboxInbound.objects.get().updated_at


def test_one_that_is_gone_is_not_posted(taking, settings):
    settings.LANCK_SANDBOX |= {"WAIT_SCALE": 60}
    taking.answers = [500]
    sent = inbound.send(PHONE, "Hi")
    while not SandboxInboundPost.objects.exists():
        time.sleep(0.01)
    SandboxInbound.objects.all().delete()
    receipts.flush()
    assert len(taking.bodies) == 1
    assert receipts.wait(sent.message_id)


def test_clear_forgets_it_and_a_receipt_alike(taking, live, settings):
    settings.LANCK_SANDBOX |= {"WAIT_SCALE": 60, "RECEIPT_DELAY": 60}
    taking.answers = [500]
    inbound.send(PHONE, "Hi")
    live.start(callbackUrl=taking.url)
    assert not receipts.wait(timeout=0.1)
    receipts.clear()
    assert receipts.wait(timeout=0.1)


@pytest.mark.parametrize(
    ("sender", "text"),
    [
        ("12015550123", "Hi"),
        ("ACME", "Hi"),
        ("", "Hi"),
        (PHONE, ""),
        (PHONE, " \n"),
        (PHONE, "\x00"),
        (PHONE, "a" * (255 * 153 + 1)),
    ],
)
def test_what_no_phone_can_send_is_refused(db, sender, text):
    with pytest.raises(ValueError, match=r"has to|Write|Type"):
        inbound.send(sender, text)
    assert not SandboxInbound.objects.exists()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("é\n@£" * 40, 1),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" * 152 + "€" * 77, 3),  # 306 places, but the first € would be cut by the end of the first part
        ("ы" * 70, 1),
        ("ы" * 71, 2),
        ("ы" * 134, 2),
        ("ы" * 135, 3),
        ("a" * 70 + "ы", 2),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("😀" * 66, 2),
        ("😀" * 67, 3),  # 33 in each part
    ],
)
def test_the_parts_of_a_text(text, parts):
    assert segments(text) == parts
