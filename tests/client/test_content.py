"""Contents refuse the values that LANCK would refuse, and name the field."""

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_lanck.client import RCS, SMS, Content, Flash, Flow, PinToSpeech, Push, Step, TextToSpeech, Verify, Viber
from django_lanck.client.content import Fallback
from django_lanck.exceptions import InvalidArgument

NUMBER = "+12015550123"


def then(step, wait=30, unless="delivered"):
    return lambda: SMS("Hi").then(step, wait=wait, unless=unless)


NOT_JSON = ("\x00", "\ud800", float("nan"), float("inf"), object(), {1, 2}, b"a")


@pytest.mark.parametrize(
    ("make", "field"),
    [
        *[(lambda text=text: SMS(text), "text") for text in ("", " \n", None, 7, b"Hi", ["Hi"], "a\x00b", "a\ud800")],
        *[(lambda sender=sender: SMS("Hi", sender=sender), "sender") for sender in ("A\x00", "\ud800", "A\n")],
        *[(lambda value=value: Push("Hi", android={"a": [value]}), "android") for value in NOT_JSON],
        *[(lambda value=value: Step("whatsapp", {"a": {"b": value}}), "message") for value in NOT_JSON],
        (lambda: Viber("Hi", image_url="https://example.com/\ud800"), "image_url"),
        (lambda: RCS(""), "text"),
        (lambda: Push("Hi", title=""), "title"),
        *[(lambda ttl=ttl: Push("Hi", ttl=ttl), "ttl") for ttl in (0, -1, True, 1.5, "60")],
        (lambda: Push("Hi", android="x"), "android"),
        (lambda: Push("Hi", ios={1: 2}), "ios"),
        *[(lambda name=name: SMS("Hi", sender=name), "sender") for name in ("", " ", "x" * 21, 7)],
        (lambda: Viber("Hi", button_caption="Open"), "button_action_url"),
        (lambda: Viber("Hi", button_action_url="https://example.com"), "button_caption"),
        (lambda: Viber("Hi", button_caption="", button_action_url="https://example.com"), "button_caption"),
        *[
            (lambda url=url: Viber("Hi", image_url=url), "image_url")
            for url in ("", "x", "javascript:alert(1)", "ftp://example.com", "https://", "https://a b", "//x", 7)
        ],
        *[(lambda code=code: PinToSpeech(code), "code") for code in ("123", "1234567", "", "12a4", "١٢٣٤", 1234, None)],
        (lambda: Flash(code="123"), "code"),
        (lambda: PinToSpeech("1234", language="xx"), "language"),
        (lambda: TextToSpeech("Hi", language="de"), "language"),
        (lambda: TextToSpeech(""), "text"),
        (lambda: Verify("fax"), "method"),
        (lambda: Verify(None), "method"),
        *[(lambda length=length: Verify("sms", code_length=length), "code_length") for length in (3, 7, True, "4")],
        (lambda: Verify("sms", language="xx"), "language"),
        (lambda: Verify("sms", code_expiry=0), "code_expiry"),
        (lambda: Verify("sms", check_attempts_allowed=-1), "check_attempts_allowed"),
        (lambda: Verify("sms", ip="nowhere"), "ip"),
        (lambda: Step("", {"text": "Hi"}), "type"),
        (lambda: Step("whatsapp", {}), "message"),
        (lambda: Step("whatsapp", "Hi"), "message"),
        (lambda: Flow(None), "first"),
        (lambda: Flow(PinToSpeech("1234")), "first"),
        (lambda: Flow(Flow(SMS("Hi"))), "first"),
        (lambda: Flow(SMS("Hi"), (SMS("Hi"),)), "rest"),
        *[(then(SMS("Hi"), wait=wait), "wait") for wait in (0, -1, True, 1.5, "30", None)],
        *[(then(SMS("Hi"), unless=word), "unless") for word in ("", "sent", "DELIVERED", None)],
        (then("sms"), "step"),
        (then(Flow(SMS("Hi"))), "step"),
        (then(TextToSpeech("Hi")), "step"),
    ],
)
def test_invalid_value_is_refused_with_the_name_of_its_field(make, field):
    with pytest.raises(InvalidArgument) as refused:
        make()
    assert refused.value.field == field
    assert str(refused.value).startswith(f"{field}: ")


@pytest.mark.parametrize("number", ["12015550123", "+0123456789", "+1 201 555 0123", "", None, 12015550123])
def test_number_that_is_not_e164_is_refused(make_client, unused_port, number):
    with pytest.raises(InvalidArgument) as refused:
        make_client(f"http://127.0.0.1:{unused_port}/v1").send(SMS("Hi"), number=number)
    assert refused.value.field == "number"


def test_callback_that_is_not_a_url_is_refused(make_client, unused_port):
    with pytest.raises(InvalidArgument) as refused:
        make_client(f"http://127.0.0.1:{unused_port}/v1").send(SMS("Hi"), number=NUMBER, callback_url="/receipts/")
    assert refused.value.field == "callback_url"


@pytest.mark.parametrize("call", ["hlr", "fraud_check"])
def test_invalid_number_of_an_insight_is_refused(make_client, unused_port, call):
    with pytest.raises(InvalidArgument, match="number"):
        getattr(make_client(f"http://127.0.0.1:{unused_port}/v1"), call)(number="0201555")


CONTENTS = [
    SMS("Your code is 123456."),
    Push("Your code is 123456.", title="123456"),
    Viber("Your code is 123456."),
    RCS("Your code is 123456."),
    Flash(code="123456"),
    PinToSpeech("123456"),
    TextToSpeech("1 2 3 4 5 6 is 123456"),
    Push("123456").then(SMS("123456"), wait=1, unless="read").then(Step("x", {"a": ["123456"]}), wait=1, unless="read"),
]


@pytest.mark.parametrize("content", CONTENTS, ids=lambda content: content.channel)
def test_stored_content_and_repr_do_not_contain_the_code(content: Content):
    assert "123456" in json.dumps(content.parameters())
    assert "123456" not in json.dumps(content.stored(secret="123456"))
    assert "123456" not in repr(content)
    json.dumps(content.stored())
    with pytest.raises(dataclasses.FrozenInstanceError):
        content.text = "x"


words = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1).filter(str.strip)
waits = st.integers(1, 10_000)
conditions = st.sampled_from(["delivered", "read"])
steps = st.one_of(
    st.builds(SMS, words),
    st.builds(Push, words, title=st.none() | words),
    st.builds(Viber, words),
    st.builds(RCS, words),
    st.builds(Step, st.sampled_from(["whatsapp", "telegram"]), st.fixed_dictionaries({"text": words})),
)


@given(steps, st.lists(st.tuples(steps, waits, conditions), max_size=6))
def test_flow_made_by_then_is_valid(first, rest):
    flow = Flow(first)
    for step, wait, unless in rest:
        flow = flow.then(step, wait=wait, unless=unless)
    sent = flow.parameters()["flow"]
    assert len(sent) == len(rest) + 1
    assert all(step["message"] and step["type"] for step in sent)
    assert [set(step["failover"]) for step in sent[:-1]] == [{"wait", "condition"}] * len(rest)
    assert "failover" not in sent[-1]


def test_then_returns_a_new_flow_and_leaves_the_old_one_unchanged():
    short = Push("Hi").then(SMS("Hi"), wait=30, unless="delivered")
    long = short.then(RCS("Hi"), wait=5, unless="read")
    assert (len(short.rest), len(long.rest)) == (1, 2)
    assert short == Flow(Push("Hi"), (Fallback(SMS("Hi"), 30, "delivered"),))
