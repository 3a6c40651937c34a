import pytest

from django_lanck.client import SMS, Push, Step, Viber, parse_flow
from django_lanck.exceptions import InvalidArgument

FAILOVER = {"wait": 30, "condition": "delivered"}


def sms(**message):
    return {"type": "sms", "message": {"text": "Hi", **message}}


def test_parsing_the_parameters_of_a_flow_returns_the_flow():
    flow = (
        Push("Hi", title="Hello", ttl=60, collapse_key="k", android={"a": [1]})
        .then(
            Viber("Hi", sender="ACME", button_caption="Go", button_action_url="https://a.example"),
            wait=30,
            unless="read",
        )
        .then(Step("whatsapp", {"text": "Hi", "anything": {"b": 1}}), wait=60, unless="delivered")
        .then(SMS("Hi", sender="ACME"), wait=90, unless="read")
    )
    assert parse_flow(flow.parameters()["flow"]) == flow


@pytest.mark.parametrize(
    ("steps", "field"),
    [
        (None, "flow"),
        ([], "flow"),
        ({"flow": [sms()]}, "flow"),
        ("sms", "flow"),
        (["sms"], "flow[0]"),
        ([{"message": {"text": "Hi"}}], "flow[0].type"),
        ([{"type": ["sms"], "message": {"text": "Hi"}}], "flow[0].type"),
        ([{"type": "sms"}], "flow[0].message"),
        ([{"type": "sms", "message": "Hi"}], "flow[0].message"),
        ([{"type": "sms", "message": {}}], "flow[0].message.text"),
        ([{"type": "whatsapp", "message": {}}], "flow[0].message"),
        ([{**sms(), "fail_over": FAILOVER}], "flow[0].fail_over"),
        ([sms(title="T")], "flow[0].message.title"),
        ([sms(sender="ACME")], "flow[0].message.sender"),
        ([sms(**{"from": "x" * 21})], "flow[0].message.from"),
        ([{"type": "viber", "message": {"text": "Hi", "buttonCaption": "Go"}}], "flow[0].message.buttonActionUrl"),
        ([{**sms(), "failover": FAILOVER}], "flow[0].failover"),
        ([sms(), sms()], "flow[0].failover"),
        ([{**sms(), "failover": FAILOVER}, {**sms(), "failover": FAILOVER}], "flow[1].failover"),
        ([{**sms(), "failover": 30}, sms()], "flow[0].failover"),
        ([{**sms(), "failover": {"wait": 30}}, sms()], "flow[0].failover.condition"),
        ([{**sms(), "failover": {**FAILOVER, "condition": "seen"}}, sms()], "flow[0].failover.condition"),
        ([{**sms(), "failover": {**FAILOVER, "wait": "30"}}, sms()], "flow[0].failover.wait"),
        ([{**sms(), "failover": {**FAILOVER, "unless": "read"}}, sms()], "flow[0].failover.unless"),
    ],
)
def test_invalid_value_is_refused_with_its_path(steps, field):
    with pytest.raises(InvalidArgument) as refused:
        parse_flow(steps)
    assert refused.value.field == field
    assert refused.value.reason
