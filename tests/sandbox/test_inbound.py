"""SMS from a phone to the rented number, posted to the site until it accepts them."""

import time

import pytest

from django_lanck.sandbox.models import SandboxInbound, SandboxInboundPost
from django_lanck.sandbox.provider import callbacks, inbound, receipts
from django_lanck.sandbox.segments import segments

PHONE = "+12015550123"


@pytest.fixture
def inbound_site(sandbox, site, settings):
    """The site with ``INBOUND_URL`` set to its URL."""
    settings.LANCK_SANDBOX |= {"INBOUND_URL": site.url}
    return site


def posts():
    return list(SandboxInboundPost.objects.order_by("pk").values_list("http_status", "problem"))


def test_sms_is_posted_in_the_documented_format(inbound_site):
    before = int(time.time())
    sent = inbound.send(PHONE, "Hello world")
    assert receipts.wait(sent.message_id)
    [body] = inbound_site.bodies
    assert before <= body.pop("timestamp") <= time.time()
    assert body == {
        "from": "12015550123",
        "to": "12065550100",
        "messageId": sent.message_id,
        "text": "Hello world",
        "parts": 1,
    }
    assert inbound_site.content_types == ["json/application"]
    assert posts() == [(200, "")]
    stored = SandboxInbound.objects.get()
    assert (stored.sender, stored.recipient, stored.parts) == (PHONE, "+12065550100", 1)
    assert stored.updated_at > stored.created_at


@pytest.mark.django_db(transaction=True)
def test_thread_posts_an_sms_when_it_is_committed(live_site, settings):
    settings.LANCK_SANDBOX = {"ALLOW_WITHOUT_DEBUG": True, "INBOUND_URL": live_site.url}
    sent = inbound.send(PHONE, "Hi")
    assert receipts.wait(sent.message_id)
    assert [body["messageId"] for body in live_site.bodies] == [sent.message_id]
    assert posts() == [(200, "")]


def test_rented_number_can_be_set(inbound_site, settings):
    settings.LANCK_SANDBOX |= {"RENTED_NUMBER": "+447700900000"}
    inbound.send(PHONE, "Hi")
    receipts.flush()
    assert inbound_site.bodies[0]["to"] == "447700900000"


def test_sms_is_posted_again_until_the_answer_is_2xx(inbound_site):
    inbound_site.answers = [500, 302, 404]
    inbound.send(PHONE, "Hi")
    assert receipts.wait()
    assert [status for status, _ in posts()] == [500, 302, 404, 200]
    assert all(body == inbound_site.bodies[0] for body in inbound_site.bodies)


def test_sms_is_posted_at_most_five_times(inbound_site):
    inbound_site.answers = [500] * 10
    inbound.send(PHONE, "Hi")
    assert receipts.wait()
    assert posts() == [(500, "")] * 5


def test_pauses_between_posts_grow_in_the_scale_of_the_settings(inbound_site, settings, inline_scheduler):
    settings.LANCK_SANDBOX |= {"WAIT_SCALE": 0.5}
    inbound_site.answers = [500] * 10
    inbound.send(PHONE, "Hi")
    assert receipts.wait()
    assert inline_scheduler.times == [0, 5, 20, 80, 380]
    assert list(inbound.PAUSES) == sorted(set(inbound.PAUSES))


def test_unreachable_site_is_posted_to_again(sandbox, unused_port, settings):
    settings.LANCK_SANDBOX |= {"INBOUND_URL": f"http://127.0.0.1:{unused_port}/"}
    inbound.send(PHONE, "Hi")
    assert receipts.wait()
    assert posts() == [(None, "no answer: ConnectionError")] * 5


def test_without_inbound_url_the_sms_is_stored_with_the_reason(sandbox):
    sent = inbound.send(PHONE, "Hi")
    receipts.flush()
    assert posts() == [(None, inbound.NO_URL)]
    assert SandboxInbound.objects.get().updated_at > sent.updated_at


def test_sms_is_not_posted_to_a_host_that_is_not_allowed(sandbox, settings, monkeypatch):
    monkeypatch.setattr("requests.Session.post", lambda *args, **kwargs: pytest.fail("posted"))
    settings.LANCK_SANDBOX |= {"INBOUND_URL": "http://169.254.169.254/"}
    inbound.send(PHONE, "Hi")
    receipts.flush()
    assert posts() == [(None, callbacks.NOT_ALLOWED)]


def test_each_post_updates_the_time_of_the_sms(inbound_site):
    inbound_site.answers = [500]
    created_at = inbound.send(PHONE, "Hi").created_at
    assert receipts.wait()
    first, second = SandboxInboundPost.objects.order_by("pk").values_list("created_at", flat=True)
    assert created_at < first < second == SandboxInbound.objects.get().updated_at


def test_deleted_sms_is_not_posted_again(inbound_site, monkeypatch):
    answer = inbound_site.receive

    def delete_and_refuse(*request):
        SandboxInbound.objects.all().delete()
        answer(*request)
        return 500

    monkeypatch.setattr(inbound_site, "receive", delete_and_refuse)
    sent = inbound.send(PHONE, "Hi")
    receipts.flush()
    assert len(inbound_site.bodies) == 1
    assert receipts.wait(sent.message_id)


def test_sms_deleted_between_two_posts_is_not_posted_again(inbound_site):
    inbound_site.answers = [500]
    sent = inbound.send(PHONE, "Hi")
    [retry] = inbound.PostSMS(sent.pk, sent.message_id, {}).perform()
    SandboxInbound.objects.all().delete()
    assert retry.event.perform() == []
    assert len(inbound_site.bodies) == 1


@pytest.mark.django_db(transaction=True)
def test_clear_removes_scheduled_posts_and_receipts(api, site, settings):
    settings.LANCK_SANDBOX = {
        "ALLOW_WITHOUT_DEBUG": True,
        "WAIT_SCALE": 60,
        "RECEIPT_DELAY": 60,
        "INBOUND_URL": site.url,
    }
    site.answers = [500]
    inbound.send(PHONE, "Hi")
    api.start(callbackUrl=site.url)
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
def test_invalid_sender_or_text_is_refused(db, sender, text):
    with pytest.raises(ValueError, match=r"must be|Type|Shorten"):
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
def test_number_of_segments(text, parts):
    assert segments(text) == parts
