"""Access to the API for staff."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client, override_settings
from django.urls import resolve

from django_lanck.api.staff_views import StaffView
from django_lanck.models import Message
from tests.helpers import with_lanck

pytestmark = pytest.mark.django_db

MESSAGES, INBOUND, DELIVERY = "/api/staff/messages/", "/api/staff/inbound-messages/", "/api/staff/delivery/"
URLS = [MESSAGES, f"{MESSAGES}1/", INBOUND, f"{INBOUND}1/", DELIVERY]
SMS = {"number": "+12015550123", "text": "Hello"}


@pytest.mark.parametrize("keys", [{}, {"STAFF_API": False}, {"STAFF_API": "False"}, {"STAFF_API": 1}])
def test_staff_api_is_off_by_default(staff_client, lanck, keys):
    site = {name: value for name, value in lanck.settings.items() if name != "STAFF_API"}
    for client in (staff_client, Client()):
        with override_settings(LANCK={**site, **keys}):
            answers = [client.get(address) for address in URLS]
            answers += [client.post(MESSAGES, SMS, "application/json"), client.options(MESSAGES), client.put(MESSAGES)]
        statuses = {(answer.status_code, answer.content) for answer in answers}
        assert statuses == {(404, b'{"code":"not_found","detail":"Not found."}')}
    assert not lanck.requests


def test_disabled_staff_api_is_not_in_the_schema(client, lanck):
    assert MESSAGES in client.get("/api/schema/?format=json").json()["paths"]
    with with_lanck(lanck, STAFF_API=False):
        paths = client.get("/api/schema/?format=json").json()["paths"]
    assert not [path for path in paths if path.startswith("/api/staff/")]


@pytest.mark.parametrize(
    ("permissions", "allowed"),
    [
        ([], set()),
        (["view_number"], set()),
        (["view_message"], {("GET", MESSAGES), ("GET", f"{MESSAGES}1/")}),
        (["view_inboundmessage"], {("GET", INBOUND), ("GET", f"{INBOUND}1/")}),
        (["send_message"], {("POST", MESSAGES)}),
        (["view_delivery"], {("GET", DELIVERY)}),
    ],
)
def test_each_method_needs_its_permission(create_staff_client, lanck, permissions, allowed):
    client = create_staff_client(*permissions)
    requests = [("POST", MESSAGES), *(("GET", address) for address in URLS)]
    for verb, address in requests:
        response = client.generic(verb, address, "{}", "application/json")
        assert (response.status_code != 403) == ((verb, address) in allowed), (verb, address)
        if response.status_code == 403:
            assert response.json()["code"] == "permission_denied"


def test_staff_without_permissions_is_refused(lanck):
    client = Client()
    client.force_login(get_user_model().objects.create_user("clerk", is_staff=True))
    assert client.get(MESSAGES).status_code == 403


def test_anonymous_client_is_refused_in_the_shape_of_the_api(client, lanck):
    for address in URLS:
        response = client.get(address)
        assert (response.status_code, response.json()["code"]) == (403, "not_authenticated")
    response = client.post(MESSAGES, SMS, "application/json")
    assert (response.status_code, response.json()["code"]) == (403, "not_authenticated")
    basic = {"API_AUTHENTICATION_CLASSES": ["rest_framework.authentication.BasicAuthentication"]}
    with with_lanck(lanck, **basic):
        response = client.get(MESSAGES)
    assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")
    assert response["WWW-Authenticate"].startswith("Basic")
    assert not lanck.requests


def test_api_permission_classes_do_not_apply_to_the_staff_api(client, create_staff_client, lanck):
    everyone = {"API_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"]}
    with with_lanck(lanck, **everyone):
        assert client.get(MESSAGES).status_code == 403
        assert create_staff_client().get(MESSAGES).status_code == 403


class AllowEverything:
    """An authentication backend that gives all permissions to everyone."""

    def has_perm(self, user, permission, obj=None):
        return True


def test_anonymous_client_is_refused_even_with_permissions_of_a_backend(client, lanck, settings):
    settings.AUTHENTICATION_BACKENDS = ["tests.api.test_staff_access.AllowEverything"]
    assert [client.get(address).status_code for address in URLS] == [403] * 5


def test_inactive_user_is_refused(staff_client, lanck):
    staff_client.user.is_active = False
    staff_client.user.save()
    assert staff_client.get(MESSAGES).status_code == 403


def test_throttles_of_the_site_apply(staff_client, lanck):
    with with_lanck(lanck, API_THROTTLE_CLASSES=["tests.api.test_verifications.DenyAll"]):
        response = staff_client.get(MESSAGES)
    assert (response.status_code, response.json()["code"], response["Retry-After"]) == (429, "throttled", "8")


def test_session_request_needs_a_csrf_token(create_staff_client, lanck):
    client = create_staff_client("send_message", enforce_csrf_checks=True)
    response = client.post_json(MESSAGES, SMS)
    assert (response.status_code, response.json()["code"]) == (403, "permission_denied")
    assert not Message.objects.exists()
    client.get("/admin/login/")
    client.cookies["csrftoken"] = "a" * 32
    assert client.post_json(MESSAGES, SMS, HTTP_X_CSRFTOKEN="a" * 32).status_code == 201


@pytest.mark.parametrize(
    ("body", "content_type"),
    [("number=%2B12015550123&text=Hi", "application/x-www-form-urlencoded"), ('{"number": "x"}', "text/plain")],
)
def test_form_data_is_refused(staff_client, lanck, body, content_type):
    response = staff_client.generic("POST", MESSAGES, body, content_type)
    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")
    assert not lanck.requests


def test_other_methods_are_refused_in_the_shape_of_the_api(staff_client, lanck):
    for verb, address in [
        ("put", MESSAGES),
        ("delete", f"{MESSAGES}1/"),
        ("post", INBOUND),
        ("post", DELIVERY),
        ("patch", f"{INBOUND}1/"),
    ]:
        response = getattr(staff_client, verb)(address)
        assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")


def test_responses_are_not_cached_and_views_are_non_atomic(staff_client, lanck):
    for address in URLS:
        assert "no-store" in staff_client.get(address)["Cache-Control"]
        view = resolve(address).func
        assert issubclass(view.cls, StaffView)
        assert view._non_atomic_requests == {"default"}
