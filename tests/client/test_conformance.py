"""The client conforms to LANCK's page: the request, the parsed answer and the errors of each call."""

import json
import re
from pathlib import Path

import pytest

from django_lanck.exceptions import ERRORS_BY_CODE, InvalidArgument

from .calls import CASES, NUMBER
from .scripted import says, scripted

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")
DOCS = Path(__file__).parent.parent.parent / "docs"
# The HTTP statuses that LANCK's page names. The others are not documented.
STATUSES = {1: 401, 4: 429, 5: 401, 6: 403}
FORM, JSON = "application/x-www-form-urlencoded", "application/json"


def by_name(case):
    return case.name


@pytest.mark.parametrize("case", CASES, ids=by_name)
def test_request_has_the_documented_path_headers_and_body(make_client, case):
    with scripted(says(json.dumps(case.answer))) as server:
        case.call(make_client(server.url))
    (request,) = server.requests
    assert (request.verb, request.path) == (case.verb, case.request_path)
    assert request.headers["authorization"] == "Basic aWQtb2YtYWNjb3VudDprZXB0LXNlY3JldA=="
    assert request.headers["accept"] == JSON
    assert "cookie" not in request.headers
    if isinstance(case.body, dict):
        assert (request.headers["content-type"], json.loads(request.body)) == (JSON, case.body)
    else:
        assert request.body == case.body
        assert request.headers.get("content-type") == (FORM if case.body else None)


@pytest.mark.parametrize("case", CASES, ids=by_name)
def test_answer_is_parsed_and_its_repr_has_no_number_or_code(make_client, case):
    with scripted(says(json.dumps({**case.answer, "more": [{}]}))) as server:
        answer = case.call(make_client(server.url))
    assert {name: getattr(answer, name) for name in case.parsed} == case.parsed
    assert "more" not in repr(answer)
    for secret in ("+91", NUMBER[1:], "242050000000001", "8823"):
        assert secret not in repr(answer)


@pytest.mark.parametrize("case", CASES, ids=by_name)
def test_each_listed_error_raises_its_exception_without_a_retry(make_client, case):
    steps = [
        says(json.dumps({"errorCode": code, "errorReason": "Because."}), f"{STATUSES.get(code, 400)} No")
        for code in ERRORS_BY_CODE
    ]
    with scripted(*steps) as server:
        client = make_client(server.url)
        for code, kind in ERRORS_BY_CODE.items():
            with pytest.raises(kind) as failed:
                case.call(client)
            raised = failed.value.http_status, failed.value.error_code, failed.value.error_reason
            assert raised == (STATUSES.get(code, 400), code, "Because.")
        assert len(server.requests) == len(ERRORS_BY_CODE)


def test_every_documented_call_is_in_the_table():
    documented = set(re.findall(r"^\| `((?:GET|POST) /[^`]+)` \|", (DOCS / "calls.md").read_text(), re.M))
    assert documented == {case.name for case in CASES}


def test_blank_goal_is_refused(make_client, unused_port):
    client = make_client(f"http://127.0.0.1:{unused_port}/v1")
    with pytest.raises(InvalidArgument) as refused:
        client.set_goal(request_id="r1", goal=" ")
    assert refused.value.field == "goal"
