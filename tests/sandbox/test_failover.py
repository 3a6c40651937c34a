"""``/messaging/failover``: chains that go from one channel to the next."""

import time
from dataclasses import replace

import pytest

from django_lanck.sandbox.models import SandboxMessage, SandboxRequest
from django_lanck.sandbox.provider import failover, magic, receipts
from django_lanck.sandbox.provider.delivery import Delivery, all_but
from tests.sandbox.conftest import RECEIPT_KEYS

PHONE = "+12015550123"
NO_PUSH, NO_PUSH_NO_VIBER, SMS_ONLY, NEVER_READS = (f"+120455501{last:02}" for last in range(4))


def step(channel, wait=30, condition="delivered", **message):
    own = {"type": channel, "message": {"text": f"By {channel}"} | message}
    return own | {"failover": {"wait": wait, "condition": condition}} if wait else own


def last(channel, **message):
    return step(channel, wait=0, **message)


CHAIN = [step("push"), step("viber", 120, "read"), last("sms")]


def start(sandbox, flow=CHAIN, number=PHONE, **more):
    response = sandbox.post_json("messaging/failover", number=number, flow=flow, **more)
    assert response.status_code == 200, response.content
    return response.json()["requestId"]


def channels(request_id):
    rows = SandboxMessage.objects.filter(request__request_id=request_id)
    return list(rows.order_by("pk").values_list("channel", flat=True))


@pytest.mark.parametrize(
    ("number", "flow", "arrived", "final"),
    [
        (PHONE, CHAIN, ["push"], "DELIVERED"),
        (PHONE, [last("sms")], ["sms"], "DELIVERED"),
        (PHONE, [step("push", condition="read"), last("sms")], ["push"], "DELIVERED"),
        (NO_PUSH, CHAIN, ["viber"], "DELIVERED"),
        (NO_PUSH_NO_VIBER, CHAIN, ["sms"], "DELIVERED"),
        (NO_PUSH_NO_VIBER, [step("push"), last("viber")], [], "UNDELIVERED"),
        (SMS_ONLY, [step("push"), step("rcs"), step("whatsapp"), last("sms")], ["sms"], "DELIVERED"),
        (SMS_ONLY, [step("push"), last("whatsapp")], [], "UNDELIVERED"),
        (NEVER_READS, CHAIN, ["push"], "DELIVERED"),
        (NEVER_READS, CHAIN[1:], ["viber", "sms"], "DELIVERED"),
        (NEVER_READS, [step("viber", condition="read"), step("rcs", condition="read"), last("push")],
         ["viber", "rcs", "push"], "DELIVERED"),
        ("+12015550101", CHAIN, [], "UNDELIVERED"),
    ],
)  # fmt: skip
def test_chain_ends_with_the_first_step_that_meets_its_condition(sandbox, site, number, flow, arrived, final):
    request_id = start(sandbox, flow, number, callbackUrl=site.url)
    receipts.flush()
    assert channels(request_id) == arrived
    assert site.statuses == ["SENT", final]
    assert sandbox.status(request_id) == final
    for body in site.bodies:
        assert set(body) == RECEIPT_KEYS
        assert (body["requestId"], body["number"]) == (request_id, number)


def test_chain_is_delivered_if_any_step_arrived_before_the_last_one_failed(sandbox, monkeypatch):
    """The phone reads nothing, and the last step does not reach it."""
    number = magic.effect_of(NEVER_READS)
    unreachable_by_sms = replace(number, delivery=Delivery(reads=False, reaches=all_but("sms")))
    monkeypatch.setattr(magic, "effect_of", lambda _: unreachable_by_sms)
    request_id = start(sandbox, CHAIN[1:])
    receipts.flush()
    assert channels(request_id) == ["viber"]
    assert sandbox.status(request_id) == "DELIVERED"


@pytest.mark.parametrize(
    ("last_digits", "posted", "final", "arrived"),
    [
        ("02", ["REJECTED"], "REJECTED", []),
        ("03", [], "DELIVERED", ["push"]),
        ("04", ["SENT", "SENT", "DELIVERED", "DELIVERED"], "DELIVERED", ["push"]),
        ("05", ["DELIVERED", "SENT"], "DELIVERED", ["push"]),
        ("07", ["SENT", "BUFFERED", "DELIVERED"], "DELIVERED", ["push"]),
        ("08", ["SENT"], "SENT", []),
        ("09", ["SENT", "UNDELIVERED", "DELIVERED"], "DELIVERED", ["push"]),
    ],
)
def test_delivery_numbers_have_their_effect_on_chains(sandbox, site, last_digits, posted, final, arrived):
    request_id = start(sandbox, number=f"+120155501{last_digits}", callbackUrl=site.url)
    receipts.flush()
    assert site.statuses == posted
    assert sandbox.status(request_id) == final
    assert channels(request_id) == arrived


def test_rejected_chain_is_rejected_without_waiting(sandbox, site, settings, inline_scheduler):
    settings.LANCK_SANDBOX |= {"WAIT_SCALE": 1}
    start(sandbox, number="+12015550102", callbackUrl=site.url)
    receipts.flush()
    assert site.statuses == ["REJECTED"]
    assert inline_scheduler.times == [0]


def test_thread_waits_between_steps_in_the_scale_of_the_settings(live, live_site, settings):
    settings.LANCK_SANDBOX |= {"WAIT_SCALE": 0.004}
    started = time.monotonic()
    flow = [step("push", 30), step("viber", 40), last("sms")]
    request_id = start(live, flow, NO_PUSH_NO_VIBER, callbackUrl=live_site.url)
    assert channels(request_id) == []
    assert live.status(request_id) == "SENT"
    assert receipts.wait(request_id)
    assert 0.28 <= time.monotonic() - started < 5
    assert channels(request_id) == ["sms"]
    assert live_site.statuses == ["SENT", "DELIVERED"]


def test_each_step_is_due_after_the_wait_of_the_one_before(sandbox, site, settings, inline_scheduler):
    settings.LANCK_SANDBOX |= {"WAIT_SCALE": 0.5, "RECEIPT_DELAY": 1}
    flow = [step("push", 30), step("viber", 40), last("sms")]
    start(sandbox, flow, NO_PUSH_NO_VIBER, callbackUrl=site.url)
    receipts.flush()
    sent, push, viber, sms, delivered = inline_scheduler.times
    assert (sent, push, viber, sms, delivered) == (1, 1, 16, 36, 37)
    assert site.statuses == ["SENT", "DELIVERED"]


def test_each_message_shows_the_content_of_its_step(sandbox):
    flow = [
        step("viber", condition="read", **{"from": "ACME"}, buttonCaption="Open",
             buttonActionUrl="https://www.example.com/o", imageUrl="https://www.example.com/o.png"),
        step("push", condition="read", title="Hello", ttl=60, android={"color": "red"}),
        step("telegram", condition="read", bot="@acme"),
        last("sms", text="Your code is 471100\n\n@example.com #471100"),
    ]  # fmt: skip
    request_id = start(sandbox, flow, NEVER_READS)
    receipts.flush()
    viber, push, telegram, sms = SandboxMessage.objects.filter(request__request_id=request_id).order_by("pk")
    assert (viber.sender, viber.button_caption) == ("ACME", "Open")
    assert (viber.button_url, viber.image_url) == ("https://www.example.com/o", "https://www.example.com/o.png")
    assert (push.title, push.text, push.code) == ("Hello", "By push", "")
    assert (telegram.channel, telegram.text) == ("telegram", "By telegram")
    assert sms.code == "471100"
    description = sandbox.get(f"requests/{request_id}").json()
    assert (description["product"], description["sender"]) == ("messaging.failover", "ACME")
    assert description["payload"] == {"number": NEVER_READS, "flow": flow}
    assert description["rate"] == 0.1


def test_undocumented_channel_shows_the_whole_message_as_json(sandbox):
    request_id = start(sandbox, [{"type": "whatsapp", "message": {"template": "order"}}])
    receipts.flush()
    assert SandboxMessage.objects.get(request__request_id=request_id).text == '{"template": "order"}'


def test_push_is_free(sandbox):
    request_id = start(sandbox)
    receipts.flush()
    assert sandbox.get(f"requests/{request_id}").json()["rate"] == 0


def without(step, key):
    return {name: value for name, value in step.items() if name != key}


PUSH, SMS = step("push"), last("sms")


@pytest.mark.parametrize(
    ("flow", "code", "reason"),
    [
        ([], 10, "flow must be a list"),
        ({}, 10, "flow must be a list"),
        ("sms", 10, "flow must be a list"),
        ([SMS, "sms"], 10, "flow[0].failover is missing"),
        (["sms"], 10, "flow[0] must be an object"),
        ([{}], 10, "flow[0] must be an object"),
        ([without(SMS, "type")], 10, "flow[0].type is missing"),
        ([without(SMS, "message")], 10, "flow[0].message is missing"),
        ([SMS | {"wait": 3}], 10, "unknown parameter flow[0].wait"),
        ([SMS | {"type": "SMS"}], 10, "flow[0].type must be a channel"),
        ([SMS | {"type": "x" * 17}], 10, "flow[0].type must be a channel"),
        ([SMS | {"type": 7}], 10, "flow[0].type must be a channel"),
        ([SMS | {"message": "Hi"}], 10, "flow[0].message must be an object"),
        ([SMS | {"message": {}}], 10, "flow[0].message must be an object"),
        ([SMS | {"type": "whatsapp", "message": {}}], 10, "flow[0].message must be an object"),
        ([PUSH, SMS, SMS], 10, "flow[1].failover is missing"),
        ([PUSH, PUSH], 10, "flow[1].failover: the last step must not have one"),
        ([PUSH | {"failover": {}}, SMS], 10, "flow[0].failover must be an object"),
        ([PUSH | {"failover": {"wait": 30}}, SMS], 10, "flow[0].failover.condition is missing"),
        ([PUSH | {"failover": {"condition": "read"}}, SMS], 10, "flow[0].failover.wait is missing"),
        ([step("push", condition="opened"), SMS], 10, "flow[0].failover.condition must be one of delivered, read"),
        ([step("push", wait=-1), SMS], 10, "flow[0].failover.wait must be an integer"),
        ([step("push", wait=0.5), SMS], 10, "flow[0].failover.wait must be an integer"),
        ([step("push", wait=True), SMS], 10, "flow[0].failover.wait must be an integer"),
        ([PUSH, last("sms", text=" ")], 10, "flow[1].message.text must be a text"),
        ([PUSH, last("sms", text=None)], 10, "flow[1].message.text must be a text"),
        ([PUSH, last("sms", **{"from": "TwelveLetter"})], 16, "flow[1].message.from must be up to 11 letters"),
        ([PUSH, last("sms", title="Hi")], 10, "unknown parameter flow[1].message.title"),
        ([PUSH, last("sms", number=PHONE)], 10, "unknown parameter flow[1].message.number"),
        ([PUSH, last("rcs", callbackUrl="http://localhost/")], 10, "unknown parameter flow[1].message.callbackUrl"),
        ([last("viber", buttonCaption="Open")], 10, "message.buttonCaption needs flow[0].message.buttonActionUrl"),
        ([last("push", android=[])], 10, "flow[0].message.android must be a JSON object"),
    ],
)  # fmt: skip
def test_invalid_chain_is_refused_with_the_position_of_the_mistake(api, flow, code, reason):
    response = api.post_json("messaging/failover", number=PHONE, flow=flow)
    assert (response.status_code, response.json()["errorCode"]) == (400, code)
    assert reason in response.json()["errorReason"]
    assert not SandboxRequest.objects.exists()


def test_wait_of_a_step_is_at_most_one_day(api):
    day = [step("push", wait=failover.MAX_WAIT), SMS]
    assert api.post_json("messaging/failover", number=PHONE, flow=day).status_code == 200
    longer = [step("push", wait=failover.MAX_WAIT + 1), SMS]
    assert api.post_json("messaging/failover", number=PHONE, flow=longer).status_code == 400


def test_chain_of_a_deleted_request_ends(sandbox, site):
    start(sandbox, CHAIN, NO_PUSH, callbackUrl=site.url)
    SandboxRequest.objects.all().delete()
    receipts.flush()
    assert not SandboxMessage.objects.exists()
    assert site.statuses == []


def test_each_step_changes_the_version_of_the_page(sandbox):
    start(sandbox, [step("push"), last("viber")], SMS_ONLY)
    request = SandboxRequest.objects.get()
    receipts.flush()
    assert SandboxRequest.objects.get().updated_at > request.updated_at


def test_answer_to_a_chain_comes_after_its_receipts(sandbox, site):
    start(sandbox, number="+12035550112", callbackUrl=site.url)
    assert site.statuses == ["SENT", "DELIVERED"]
