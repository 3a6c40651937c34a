"""Messages and calls on each channel: what the phone shows, and how the API describes them."""

import pytest

from django_lanck.sandbox.models import SandboxMessage
from django_lanck.sandbox.provider.texts import code_in

PHONE = "+12015550123"
TEXT = "Your order #29211 received"


def sent(api, path, **parameters):
    answer = api.post(path, number=PHONE, **parameters)
    assert answer.status_code == 200, answer.content
    message = SandboxMessage.objects.latest("pk")
    assert message.request.request_id == answer.json()["requestId"]
    assert message.number == PHONE
    return message


@pytest.mark.parametrize(
    ("path", "channel", "product"),
    [
        ("sms", "sms", "sms"),
        ("messaging/push", "push", "messaging.push"),
        ("messaging/viber", "viber", "messaging.viber"),
        ("messaging/rcs", "rcs", "messaging.rcs"),
        ("calls/t2s", "t2s", "calls.t2s"),
    ],
)
def test_text_arrives_on_its_channel(api, path, channel, product):
    message = sent(api, path, text=TEXT)
    assert (message.channel, message.text, message.code) == (channel, TEXT, "")
    assert message.sender == ("+9995550100" if channel == "t2s" else "LANCK")
    description = api.get(f"requests/{message.request.request_id}").json()
    assert (description["product"], description["sender"], description["number"]) == (product, message.sender, PHONE)
    assert description["payload"] == {"number": PHONE, "text": TEXT}
    assert description["rate"] >= 0


def test_everything_but_push_has_a_price(api):
    def rate(path, **parameters):
        return api.get(f"requests/{sent(api, path, **parameters).request.request_id}").json()["rate"]

    costs = {path: rate(path, text=TEXT) for path in ("sms", "messaging/viber", "messaging/rcs", "calls/t2s")}
    costs |= {"flash": rate("calls/flash"), "p2s": rate("calls/p2s", code="4711")}
    assert all(cost > 0 for cost in costs.values())
    assert rate("messaging/push", text=TEXT) == 0
    hlr = api.post("insight/hlr", number=PHONE).json()["id"]
    assert api.get(f"requests/{hlr}").json()["rate"] > 0


def test_push_has_a_title(api):
    assert sent(api, "messaging/push", text=TEXT, title="Hi!").title == "Hi!"


def test_viber_message_has_a_picture_and_a_button(api):
    picture, address = "https://www.example.com/o.png", "https://www.example.com/o"
    message = sent(
        api, "messaging/viber", text=TEXT, **{"from": "ACME"},
        imageUrl=picture, buttonCaption="Open", buttonActionUrl=address,
    )  # fmt: skip
    assert message.sender == "ACME"
    assert (message.image_url, message.button_caption, message.button_url) == (picture, "Open", address)


@pytest.mark.parametrize("alone", [{"buttonCaption": "Open"}, {"buttonActionUrl": "https://www.example.com/"}])
def test_button_needs_caption_and_url(api, alone):
    answer = api.post("messaging/viber", number=PHONE, text=TEXT, **alone)
    assert (answer.status_code, answer.json()["errorCode"]) == (400, 10)
    assert "buttonCaption" in answer.json()["errorReason"]
    assert "buttonActionUrl" in answer.json()["errorReason"]


@pytest.mark.parametrize("code", ["4711", "47110", "471100"])
def test_flash_call_comes_from_a_number_that_ends_with_the_requested_code(api, code):
    answer = api.post("calls/flash", number=PHONE, code=code).json()
    message = SandboxMessage.objects.get()
    assert (message.channel, message.code, message.text) == ("flash", code, "")
    assert answer["from"].isdecimal()
    assert answer["from"].endswith(code)
    assert message.sender == "+" + answer["from"]


def test_flash_call_without_requested_code_comes_from_a_random_number(api):
    callers = {api.post("calls/flash", number=PHONE).json()["from"] for _ in range(5)}
    assert len(callers) > 1
    for message in SandboxMessage.objects.all():
        assert message.sender.removeprefix("+") in callers
        assert message.code == message.sender[-4:]


@pytest.mark.parametrize("caller", ["+12065550100", "12065550100"])
def test_flash_call_comes_from_the_requested_number(api, caller):
    answer = api.post("calls/flash", number=PHONE, code="471100", **{"from": caller}).json()
    message = SandboxMessage.objects.get()
    assert answer["from"] == "12065550100"
    assert (message.sender, message.code) == ("+12065550100", "550100")


def test_code_is_dictated_in_the_requested_language(api):
    message = sent(api, "calls/p2s", code="471100", language="de", **{"from": "12065550100"})
    assert (message.channel, message.code) == ("p2s", "471100")
    assert (message.sender, message.text) == ("+12065550100", "Ihr Code lautet 4 7 1 1 0 0")


def test_code_in_a_text_is_detected(api):
    assert sent(api, "sms", text="Your code is 4711").code == "4711"
    assert sent(api, "messaging/push", text="Hi", title="4711").code == ""


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Your code is 471100.", "471100"),
        ("471100 is your code, do not share it", "471100"),
        ("code:4711", "4711"),
        ("认证码：471100。", "471100"),
        ("認証コードは471100です", "471100"),
        ("Order 29211: your code is 471100\n\n@example.com #471100", "471100"),
        ("Order 29211: your code is 471100\n@example.com #471100 %other.example", "471100"),
        ("4711 or 4712", ""),
        ("Your order #29211 received", ""),
        ("Call +12015550123 or 555-0123", ""),
        ("It costs $1000, €2000 or 1500.50", ""),
        ("https://www.example.com/12345", ""),
        ("A1234 1234B 123 1234567", ""),
        ("", ""),
        ("\n", ""),
    ],
)
def test_detection_of_a_code_in_a_text(text, code):
    assert code_in(text) == code
