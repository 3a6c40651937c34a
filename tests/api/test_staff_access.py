"""Who may use the staff's endpoints, and when they are there at all."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client, override_settings
from django.urls import resolve

from django_lanck.api.staff_views import StaffView
from django_lanck.models import Message
from tests.helpers import with_lanck

pytestmark = pytest.mark.django_db

MESSAGES, INBOUND, DELIVERY = "/api/staff/messages/", "/api/staff/inbound-messages/", "/api/staff/delivery/"
ADDRESSES = [MESSAGES, f"{MESSAGES}1/", INBOUND, f"{INBOUND}1/", DELIVERY]
SMS = {"number": "+12015550123", "text": "Hello"}


@pytest.mark.parametrize("keys", [{}, {"STAFF_API": False}, {"STAFF_API": "False"}, {"STAFF_API": 1}])
def test_it_is_off_unless_it_is_switched_on(boss, lanck, keys):
    site = {name: value for name, value in lanck.settings.items() if name != "STAFF_API"}
    for client in (boss, Client()):
        with override_settings(LANCK={**site, **keys}):
            answers = [client.get(address) for address in ADDRESSES]
            answers += [client.post(MESSAGES, SMS, "application/json"), client.options(MESSAGES), client.put(MESSAGES)]
        told = {(answer.status_code, answer.content) for answer in answers}
        assert told == {(404, b'{"code":"not_found","detail":"Not found."}')}
    assert not lanck.requests


def test_while_it_is_off_it_is_not_described(client, lanck):
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
def test_each_verb_needs_its_permission(staff, lanck, permissions, allowed):
    client = staff(*permissions)
    asked = [("POST", MESSAGES), *(("GET", address) for address in ADDRESSES)]
    for verb, address in asked:
        response = client.generic(verb, address, "{}", "application/json")
        assert (response.status_code != 403) == ((verb, address) in allowed), (verb, address)
        if response.status_code == 403:
            assert response.json()["code"] == "permission_denied"


def test_being_staff_is_not_enough(lanck):
    client = Client()
    client.force_login(get_user_model().objects.create_user("clerk", is_staff=True))
    assert client.get(MESSAGES).status_code == 403


def test_a_visitor_is_turned_away_in_the_apis_shape(client, lanck):
    for address in ADDRESSES:
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


def test_the_public_apis_permissions_do_not_open_it(client, staff, lanck):
    everyone = {"API_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"]}
    with with_lanck(lanck, **everyone):
        assert client.get(MESSAGES).status_code == 403
        assert staff().get(MESSAGES).status_code == 403


class Generous:
    """A backend that lets everybody do everything."""

    def has_perm(self, user, permission, obj=None):
        return True


def test_a_visitor_has_no_permissions_whatever_the_sites_backend_says(client, lanck, settings):
    settings.AUTHENTICATION_BACKENDS = ["tests.api.test_staff_access.Generous"]
    assert [client.get(address).status_code for address in ADDRESSES] == [403] * 5


def test_somebody_who_left_is_turned_away(boss, lanck):
    boss.user.is_active = False
    boss.user.save()
    assert boss.get(MESSAGES).status_code == 403


def test_the_sites_throttles_count(boss, lanck):
    with with_lanck(lanck, API_THROTTLE_CLASSES=["tests.api.test_verifications.Never"]):
        response = boss.get(MESSAGES)
    assert (response.status_code, response.json()["code"], response["Retry-After"]) == (429, "throttled", "8")


def test_a_browser_that_sends_needs_its_csrf_token(staff, lanck):
    client = staff("send_message", enforce_csrf_checks=True)
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
def test_a_form_is_no_json(boss, lanck, body, content_type):
    response = boss.generic("POST", MESSAGES, body, content_type)
    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")
    assert not lanck.requests


def test_other_verbs_are_refused_in_the_same_shape(boss, lanck):
    for verb, address in [
        ("put", MESSAGES),
        ("delete", f"{MESSAGES}1/"),
        ("post", INBOUND),
        ("post", DELIVERY),
        ("patch", f"{INBOUND}1/"),
    ]:
        response = getattr(boss, verb)(address)
        assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")


def test_no_answer_is_kept_by_a_cache_and_none_is_made_in_a_transaction(boss, lanck):
    for address in ADDRESSES:
        assert "no-store" in boss.get(address)["Cache-Control"]
        view = resolve(address).func
        assert issubclass(view.cls, StaffView)
        assert view._non_atomic_requests == {"default"}
