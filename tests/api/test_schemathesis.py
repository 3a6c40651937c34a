"""Requests made up from the OpenAPI description, valid and not: each answer is one that it describes, never a 500."""

import pytest

schemathesis = pytest.importorskip("schemathesis")

from hypothesis import HealthCheck, settings  # noqa: E402

from django_lanck import services  # noqa: E402
from testproject.wsgi import application  # noqa: E402

pytestmark = [pytest.mark.schema, pytest.mark.django_db(transaction=True), pytest.mark.filterwarnings("ignore")]


schema = schemathesis.openapi.from_wsgi("/api/schema/?format=json", application).include(path_regex="^/api/phone/")
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


@schema.parametrize()
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_is_answered_is_what_is_described(case, lanck, phone, monkeypatch):
    monkeypatch.setattr(services, "binding_for", lambda request, create=False: ["session:theirs"])
    made_up = (case.path_parameters or {}).get("verification_id", "")
    if len(str(made_up)) % 2:  # half of them are about a verification that is there
        case.path_parameters["verification_id"] = str(
            services.start_verification(number=phone, binding="session:theirs").pk
        )
    case.call_and_validate(checks=CHECKS)
