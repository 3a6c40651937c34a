"""Fuzz tests: any invalid input is refused in the one shape, without a call to LANCK."""

import json
from base64 import b64encode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_lanck.api.staff_serializers import InboundMessageFilters, MessageFilters
from django_lanck.models import Message, Verification
from django_lanck.services import start_verification

pytestmark = pytest.mark.django_db
URL = "/api/phone/verifications/"
STAFF = "/api/staff/"

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=200),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
fields = st.sampled_from(["method", "purpose", "language", "code", "extra"])
sms_fields = st.sampled_from(["text", "link", "sender", "category", "extra"])
filters = st.sampled_from([*MessageFilters().fields, *InboundMessageFilters().fields, "extra"])
values = (
    st.text(max_size=40)
    | st.integers().map(str)
    | st.datetimes(timezones=st.timezones()).map(str)
    | st.lists(st.text(max_size=5), max_size=2)
)
quick = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def assert_refused(response, statuses=(400, 415)):
    assert response.status_code in statuses, response.content
    body = response.json()
    assert {"code", "detail"} <= set(body) <= {"code", "detail", "retry_after", "errors"}
    assert isinstance(body["detail"], str)
    assert body["detail"]


@quick
@given(body=anything)
def test_json_without_a_number_is_refused(client, lanck, body):
    requests = len(lanck.requests)
    assert_refused(client.generic("POST", URL, json.dumps(body), "application/json"))
    assert len(lanck.requests) == requests
    assert not Verification.objects.exists()


@quick
@given(body=st.binary(max_size=300), content_type=st.sampled_from(["application/json", "text/plain", "", "x/y; z"]))
def test_bytes_that_are_not_json_are_refused(client, lanck, body, content_type):
    requests = len(lanck.requests)
    assert_refused(client.generic("POST", URL, body, content_type))
    assert len(lanck.requests) == requests


@quick
@given(changes=st.dictionaries(fields, anything, min_size=1))
def test_any_value_in_a_field_is_accepted_or_refused(client, lanck, phone, changes):
    response = client.post(URL, {"number": phone, **changes}, "application/json")
    if response.status_code != 201:
        assert_refused(response)


@quick
@given(code=anything.filter(lambda value: not (isinstance(value, str | int | float) and len(str(value)) >= 6)))
def test_any_value_of_a_code_is_refused(client, lanck, phone, code):
    verification = start_verification(number=phone, binding="session:abc")
    session = client.session
    session["lanck_binding"] = "abc"
    session.save()
    client.cookies["sessionid"] = session.session_key
    assert_refused(client.post(f"{URL}{verification.pk}/check/", {"code": code}, "application/json"))
    assert not lanck.sent[-1].checks
    assert Verification.objects.get(pk=verification.pk).attempts == 0


@quick
@given(body=anything)
def test_json_without_an_sms_is_refused(admin_client, lanck, body):
    requests = len(lanck.requests)
    assert_refused(admin_client.generic("POST", f"{STAFF}messages/", json.dumps(body), "application/json"))
    assert len(lanck.requests) == requests
    assert not Message.objects.exists()


@quick
@given(changes=st.dictionaries(sms_fields, anything, min_size=1))
def test_any_value_in_a_field_of_an_sms_is_accepted_or_refused(admin_client, lanck, phone, changes):
    requests, messages = len(lanck.requests), Message.objects.count()
    response = admin_client.post(f"{STAFF}messages/", {"number": phone, "text": "Hi", **changes}, "application/json")
    if response.status_code != 201:
        assert_refused(response)
        assert (len(lanck.requests), Message.objects.count()) == (requests, messages)


@quick
@given(url=st.sampled_from(["messages/", "inbound-messages/"]), query=st.dictionaries(filters, values, min_size=1))
def test_any_value_of_a_filter_is_accepted_or_refused(admin_client, lanck, url, query):
    response = admin_client.get(STAFF + url, query)
    if response.status_code != 200:
        assert_refused(response, [400])


@quick
@given(position=st.binary(max_size=40))
def test_any_cursor_is_accepted_or_refused(admin_client, lanck, position):
    response = admin_client.get(f"{STAFF}messages/", {"cursor": b64encode(b"p=" + position).decode()})
    if response.status_code != 200:
        assert_refused(response, [400])
