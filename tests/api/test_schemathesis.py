"""Requests generated from the OpenAPI schema, valid and invalid: the responses match the schema and are never a 500."""

import pytest

schemathesis = pytest.importorskip("schemathesis")

from base64 import b64encode  # noqa: E402

from django.contrib.auth import get_user_model  # noqa: E402
from hypothesis import HealthCheck, settings  # noqa: E402

from django_lanck import services  # noqa: E402
from django_lanck.models import InboundMessage  # noqa: E402
from testproject.wsgi import application  # noqa: E402

pytestmark = [pytest.mark.schema, pytest.mark.django_db(transaction=True), pytest.mark.filterwarnings("ignore")]


schema = schemathesis.openapi.from_wsgi("/api/schema/?format=json", application).include(
    path_regex="^/api/(phone|staff)/"
)
schemathesis.checks.load_all_checks()
CHECKS = schemathesis.checks.CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
        "response_headers_conformance",
    ]
)
STAFF_HEADERS = {"Authorization": f"Basic {b64encode(b'boss:boss').decode()}"}


@schema.parametrize()
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
def test_response_matches_the_schema(case, lanck, phone, monkeypatch):
    monkeypatch.setattr(services, "binding_for", lambda request, create=False: ["session:theirs"])
    generated = (case.path_parameters or {}).get("verification_id", "")
    if len(str(generated)) % 2:  # half of the requests are about an existing verification
        case.path_parameters["verification_id"] = str(
            services.start_verification(number=phone, binding="session:theirs").pk
        )
    if case.path.startswith("/api/staff/"):
        use_existing_message(case, lanck, phone)
    case.call_and_validate(checks=CHECKS, headers=STAFF_HEADERS if case.path.startswith("/api/staff/") else None)


def use_existing_message(case, lanck, phone):
    """Create a superuser, and let half of the requests be about an existing message or number."""
    if not get_user_model().objects.exists():
        get_user_model().objects.create_superuser("boss", "", "boss")
    path_parameters = case.path_parameters or {}
    if len(str(path_parameters.get("message_id", ""))) % 2:
        message = services.speak_text(number=phone, text="Hello")
        lanck.report(lanck.sent[-1], "ANSWERED", duration=7)
        lanck.inbound(phone, "Hello")
        model = InboundMessage if "inbound" in case.path else type(message)
        path_parameters["message_id"] = str(model.objects.values_list("pk", flat=True)[0])
    if isinstance(case.body, dict) and len(str(case.body.get("number", ""))) % 2:
        case.body["number"] = phone
