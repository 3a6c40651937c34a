import pytest
from django.test import override_settings

pytestmark = pytest.mark.django_db


def test_valid_settings_are_printed_without_secrets(lanck, run):
    ran = run("lanck_check_settings")
    assert (ran.code, ran.error) == (0, None)
    assert ran.out == (
        "Settings of LANCK\n"
        f"  LANCK's API: {lanck.settings['BASE_URL']}\n"
        "  account: LANCK accepts the access token\n"
        "  receipts webhook: http://testserver/lanck/receipts/<token>/\n"
        "  inbound SMS webhook: http://testserver/lanck/inbound/<secret>/\n"
        "  inbound secrets: 1\n"
    )
    [request] = lanck.requests
    assert request.startswith("GET /requests/")
    document = run("lanck_check_settings", "--json").document
    assert (document["account"], document["inbound_secrets"], document["problems"]) == ("ok", 1, [])
    for secret in ("test:test", *lanck.settings["INBOUND_SECRETS"]):
        assert secret not in ran.out + str(document)


@pytest.mark.parametrize(
    ("code", "status", "advice"),
    [
        (1, 401, "Copy ACCESS_TOKEN again"),
        (5, 401, "Activate the token"),
        (6, 403, "Top up"),
        (2, 400, "Contact LANCK's support"),
        (4, 429, "Try again in a moment"),
    ],
)
def test_error_of_the_account_is_printed_with_advice(lanck, run, code, status, advice):
    lanck.refuse(code, http_status=status)
    ran = run("lanck_check_settings")
    assert ran.code == 1
    assert f"error {code}" in ran.error and advice in ran.error
    assert "failed, see below" in ran.out


@pytest.mark.parametrize("body", [{}, {"status": "SENT"}])
def test_server_that_is_not_lanck_is_reported_as_wrong_base_url(lanck, run, body):
    lanck.answer(body, http_status=200 if body else 404)
    ran = run("lanck_check_settings", "--json")
    assert ran.code == 1
    assert "BASE_URL" in ran.document["error"] == ran.error
    assert ran.document["account"] != "ok"


def test_unreachable_lanck_is_reported_with_advice(run, lanck_settings, unused_port):
    with lanck_settings(BASE_URL=f"http://127.0.0.1:{unused_port}/v1"):
        ran = run("lanck_check_settings")
    assert ran.error.startswith("The call to LANCK failed: LANCK's server cannot be reached. Check BASE_URL")


def test_invalid_settings_are_all_reported_without_their_values_or_a_call(lanck, run, lanck_settings):
    with lanck_settings(BASE_URL="https://id:secret-word@lanck.example/v1", INBOUND_SECRETS=7):
        ran = run("lanck_check_settings")
        document = run("lanck_check_settings", "--json").document
    assert ran.code == 1
    assert "django_lanck.E004" in ran.out and "django_lanck.E023" in ran.out
    assert "secret-word" not in ran.out + ran.error
    assert [problem["id"] for problem in document["problems"]] == ["django_lanck.E004", "django_lanck.E023"]
    assert document["error"]
    assert lanck.requests == []
    with override_settings(LANCK="invalid"):
        assert "django_lanck.E001" in run("lanck_check_settings").out


def test_warning_is_printed_and_the_exit_code_is_zero(run, lanck_settings):
    with lanck_settings(CALLBACK_BASE_URL="", INBOUND_SECRETS=[]):
        ran = run("lanck_check_settings")
    assert ran.code == 0
    assert "django_lanck.W001" in ran.out
    assert "receipts webhook: none" in ran.out and "none, so no inbound SMS are accepted" in ran.out


@pytest.mark.parametrize(
    ("base_url", "callback", "unreachable"),
    [
        ("https://lanck.example/v1", "http://127.0.0.1:8000", True),
        ("https://lanck.example/v1", "http://localhost", True),
        ("https://lanck.example/v1", "https://www.example.com", False),
        ("http://127.0.0.1:1/v1", "http://127.0.0.1:8000", False),
    ],
)
def test_loopback_callback_is_an_error_unless_lanck_is_local_too(run, lanck_settings, base_url, callback, unreachable):
    with lanck_settings(BASE_URL=base_url, CALLBACK_BASE_URL=callback, PROXIES={"https": "http://127.0.0.1:1"}):
        ran = run("lanck_check_settings")
    assert ("LANCK cannot reach CALLBACK_BASE_URL" in ran.error) is unreachable


def test_error_in_a_process_exits_with_1_and_prints_one_document(lanck, manage):
    lanck.refuse(1, http_status=401)
    ran = manage("lanck_check_settings", "--json")
    assert ran.code == 1
    assert "Copy ACCESS_TOKEN again" in ran.document["error"]
    assert ran.err.startswith("CommandError: LANCK answered HTTP 401")
    assert len(ran.out.splitlines()) == len(ran.err.splitlines()) == 1
