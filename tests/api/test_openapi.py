"""The OpenAPI schema is complete and describes the responses."""

import io

import pytest
from django.core.management import call_command
from django.urls import reverse

from django_lanck.api.serializers import VerificationSerializer, represent
from django_lanck.api.staff_figures import DeliveryQuery
from django_lanck.api.staff_serializers import InboundMessageFilters, MessageFilters
from django_lanck.exceptions import REFUSALS
from django_lanck.services import start_verification
from tests.api.conftest import NOT_IN_THE_API

PREFIX = "/api/phone/verifications/"
STAFF = "/api/staff/"
PHONE_API = "/api/phone/"


@pytest.fixture
def schema():
    from drf_spectacular.generators import SchemaGenerator

    return SchemaGenerator().get_schema(public=True)


def test_schema_is_generated_without_warnings_and_is_valid():
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=io.StringIO())


def test_every_operation_and_status_is_in_the_schema(schema):
    described = statuses_under(schema, PREFIX)
    always = {"401", "403", "406", "429"}
    assert {key: set(statuses) - always for key, statuses in described.items()} == {
        ("post", ""): {"201", "400", "415", "503"},
        ("get", "{verification_id}/"): {"200", "404"},
        ("delete", "{verification_id}/"): {"204", "404", "409"},
        ("post", "{verification_id}/check/"): {"200", "400", "404", "409", "415", "503"},
        ("post", "{verification_id}/resend/"): {"200", "400", "404", "409", "415", "503"},
    }
    assert all(always <= set(statuses) for statuses in described.values())


def test_every_operation_of_accounts_and_its_statuses_are_in_the_schema(schema):
    described = statuses_under(schema, PHONE_API)
    always = {"401", "403", "406", "429"}
    found = {path: set(ends) - always for (_, path), ends in described.items() if "verifications" not in path}
    assert found == {
        "signup/": {"201", "400", "404", "409", "415", "503"},
        "login/": {"200", "400", "404", "415", "503"},
        "number/": {"200", "400", "404", "409", "415", "503"},
        "me/": {"200"},
    }


def test_every_refusal_is_described_under_its_status(schema):
    described = {
        (status, code)
        for path, operations in schema["paths"].items()
        if path.startswith((PHONE_API, STAFF))
        for operation in operations.values()
        for status, response in operation["responses"].items()
        for code in REFUSALS
        if f"`{code}`" in response.get("description", "")
    }
    assert {code for _, code in described} == set(REFUSALS) - NOT_IN_THE_API
    assert all(REFUSALS[code][0] == int(status) for status, code in described)


def test_every_staff_operation_and_status_is_in_the_schema(schema):
    described = statuses_under(schema, STAFF)
    always = {"401", "403", "406", "429"}
    assert {key: set(statuses) - always for key, statuses in described.items()} == {
        ("get", "messages/"): {"200", "400"},
        ("post", "messages/"): {"201", "400", "409", "415", "503"},
        ("get", "messages/{message_id}/"): {"200", "404"},
        ("get", "inbound-messages/"): {"200", "400"},
        ("get", "inbound-messages/{message_id}/"): {"200", "404"},
        ("get", "delivery/"): {"200", "400"},
    }
    assert all(always <= set(statuses) for statuses in described.values())


def statuses_under(schema, prefix):
    return {
        (verb, path.removeprefix(prefix)): sorted(operation["responses"])
        for path, operations in schema["paths"].items()
        if path.startswith(prefix)
        for verb, operation in operations.items()
    }


@pytest.mark.parametrize(
    ("path", "filters"), [("messages/", MessageFilters), ("inbound-messages/", InboundMessageFilters)]
)
def test_filters_of_lists_are_parameters(schema, path, filters):
    parameters = schema["paths"][STAFF + path]["get"]["parameters"]
    assert {each["name"] for each in parameters if each["in"] == "query"} == set(filters().fields)
    assert set(filters.lookups) | {"cursor", "page_size"} == set(filters().fields)


def test_query_of_the_figures_is_in_the_parameters(schema):
    parameters = schema["paths"][STAFF + "delivery/"]["get"]["parameters"]
    assert {each["name"] for each in parameters if each["in"] == "query"} == set(DeliveryQuery().fields)


@pytest.mark.django_db
def test_demo_serves_the_schema_and_its_ui_without_external_files(client):
    page = client.get("/api/docs/").content.decode()
    assert "swagger" in page
    assert "cdn" not in page
    assert "//unpkg" not in page
    assert client.get("/api/schema/").status_code == 200
    assert reverse("lanck_api:verifications") == PREFIX


@pytest.mark.django_db
def test_schema_has_the_fields_of_the_response(lanck, phone):
    answered = represent(start_verification(number=phone))
    assert list(answered) == list(VerificationSerializer().fields)
