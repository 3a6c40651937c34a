"""Whatever is sent, the answer is a refusal in the one shape and LANCK hears nothing."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_lanck.models import Verification
from django_lanck.services import start_verification

pytestmark = pytest.mark.django_db
URL = "/api/phone/verifications/"

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=200),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
fields = st.sampled_from(["method", "purpose", "language", "code", "extra"])
quick = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def refused(response, statuses=(400, 415)):
    assert response.status_code in statuses, response.content
    body = response.json()
    assert {"code", "detail"} <= set(body) <= {"code", "detail", "retry_after", "errors"}
    assert isinstance(body["detail"], str)
    assert body["detail"]


@quick
@given(body=anything)
def test_any_json_but_a_number(client, lanck, body):
    asked = len(lanck.requests)
    refused(client.generic("POST", URL, json.dumps(body), "application/json"))
    assert len(lanck.requests) == asked
    assert not Verification.objects.exists()


@quick
@given(body=st.binary(max_size=300), content_type=st.sampled_from(["application/json", "text/plain", "", "x/y; z"]))
def test_any_bytes(client, lanck, body, content_type):
    asked = len(lanck.requests)
    refused(client.generic("POST", URL, body, content_type))
    assert len(lanck.requests) == asked


@quick
@given(changes=st.dictionaries(fields, anything, min_size=1))
def test_any_value_in_any_field_is_taken_or_refused(client, lanck, phone, changes):
    response = client.post(URL, {"number": phone, **changes}, "application/json")
    if response.status_code != 201:
        refused(response)


@quick
@given(code=anything.filter(lambda value: not (isinstance(value, str | int | float) and len(str(value)) >= 6)))
def test_any_value_for_a_code(client, lanck, phone, code):
    verification = start_verification(number=phone, binding="session:abc")
    session = client.session
    session["lanck_binding"] = "abc"
    session.save()
    client.cookies["sessionid"] = session.session_key
    refused(client.post(f"{URL}{verification.pk}/check/", {"code": code}, "application/json"))
    assert not lanck.sent[-1].checks
    assert Verification.objects.get(pk=verification.pk).attempts == 0
