"""The demo site without a browser's script: every page has to work by forms alone."""

from __future__ import annotations

import socket
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.core.management import CommandError, call_command
from django.test import Client

from django_lanck.exceptions import Refusal
from django_lanck.models import Message, Verification, VerifiedNumber
from testproject import wording

pytestmark = pytest.mark.django_db


@pytest.fixture
def started(client: Client, lanck, phone: str) -> Verification:
    """A signup whose code is on its way."""
    return start(client, phone)


def start(client: Client, number: str, method: str = "sms") -> Verification:
    response = client.post("/signup/", {"number": number, "method": method})
    assert response.status_code == 302, response.content.decode()
    assert response.url == "/signup/code/"
    return Verification.objects.first()


def type_code(client: Client, code: str):
    return client.post("/signup/code/", {"code": code})


def wrong(code: str) -> str:
    return code[:-1] + str((int(code[-1]) + 1) % 10)


def said(response) -> str:
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


# Signing up


@pytest.mark.parametrize("method", ["sms", "voice", "call"])
def test_a_number_and_its_code_make_an_account(client, lanck, phone, method):
    start(client, "+1 (201) 555-0123", method)
    assert lanck.sent[-1].channel == method
    page = client.get("/signup/code/").content.decode()
    assert "+1201•••0123" in page
    assert phone not in page
    response = type_code(client, lanck.sent[-1].code)
    assert response.url == "/"
    user = User.objects.get()
    assert user.username == phone
    assert not user.has_usable_password()
    assert VerifiedNumber.objects.get(number=phone).user == user
    home = client.get("/").content.decode()
    assert "Signed in with" in home
    assert "+1 201-555-0123" in home


def test_the_session_holds_neither_code_nor_proof(client, lanck, started):
    code = lanck.sent[-1].code
    before = dict(client.session.items())
    type_code(client, code)
    kept = str([*before.values(), *client.session.values()])
    assert code not in kept
    assert Verification.objects.get().proof_redeemed_at
    assert "signup_verification" not in client.session


def test_the_owner_of_a_number_signs_in_again(client, lanck, phone, started):
    type_code(client, lanck.sent[-1].code)
    other = Client()
    start(other, phone)
    type_code(other, lanck.sent[-1].code)
    assert User.objects.count() == 1
    assert "Signed in with" in other.get("/").content.decode()


def test_an_account_that_only_has_the_name_is_not_handed_over(client, lanck, phone, started):
    stranger = User.objects.create_user(phone, password="theirs")
    type_code(client, lanck.sent[-1].code)
    owner = VerifiedNumber.objects.get(number=phone).user
    assert owner != stranger
    assert owner.username.startswith(f"{phone}-")


def test_a_closed_account_stays_closed(client, lanck, phone, started):
    closed = User.objects.create_user(phone, is_active=False)
    VerifiedNumber.objects.create(number=phone, user=closed, verified_at=Verification.objects.get().created_at)
    response = type_code(client, lanck.sent[-1].code)
    assert "closed" in said(response)
    assert "Sign out" not in client.get("/").content.decode()


def test_someone_signed_in_ends_in_the_account_of_the_number(client, lanck, phone):
    client.force_login(User.objects.create_superuser("boss"))
    assert "You are signed in as boss" in client.get("/signup/").content.decode()
    start(client, phone)
    type_code(client, lanck.sent[-1].code)
    assert VerifiedNumber.objects.get().user.username == phone
    assert "Signed in with" in client.get("/").content.decode()


def test_signing_out_takes_a_post(client, lanck, started):
    type_code(client, lanck.sent[-1].code)
    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/").url == "/"
    assert "Sign out" not in client.get("/").content.decode()


# What is turned down


@pytest.mark.parametrize(
    ("number", "sentence"),
    [("", "Enter your phone number."), ("12", "valid phone number"), ("2015550123", "country code")],
)
def test_a_bad_number_is_said_at_the_field(client, lanck, number, sentence):
    page = client.post("/signup/", {"number": number, "method": "sms"}).content.decode()
    assert 'id="id_number_error"' in page
    assert sentence in page
    assert f'value="{number}"' in page or not number
    assert not lanck.sent


def test_a_method_that_is_not_offered_is_turned_down(client, lanck, phone):
    page = client.post("/signup/", {"number": phone, "method": "pigeon"}).content.decode()
    assert "Choose one of these." in page
    assert not lanck.sent


def test_a_number_that_lanck_refuses_is_said_at_the_field(client, lanck, phone):
    lanck.refuse(11)
    page = client.post("/signup/", {"number": phone, "method": "sms"}).content.decode()
    assert 'id="id_number_error"' in page


def test_trouble_with_the_account_is_not_told(client, lanck, phone):
    lanck.refuse(6, http_status=403, reason="Insufficient funds")
    page = client.post("/signup/", {"number": phone, "method": "sms"}).content.decode()
    assert "cannot send or check codes at the moment" in page
    assert "Try again in 1 minute." in page
    assert "funds" not in page


def test_a_wrong_code_leaves_one_attempt_less(client, lanck, started):
    page = type_code(client, wrong(lanck.sent[-1].code)).content.decode()
    assert "This code is not right." in page
    assert "4 attempts left" in page
    assert type_code(client, lanck.sent[-1].code).url == "/"


def test_too_many_wrong_codes_start_again(client, lanck, started):
    for _ in range(5):
        response = type_code(client, wrong(lanck.sent[-1].code))
    assert response.url == "/signup/"
    assert "Too many wrong codes" in said(response)
    assert type_code(client, lanck.sent[-1].code).url == "/signup/"
    assert not User.objects.exists()


def test_a_signup_whose_time_is_over_starts_again(client, lanck, started, age):
    age(started, 601)
    response = type_code(client, lanck.sent[-1].code)
    assert response.url == "/signup/"
    assert "The time for this verification is over." in said(response)


def test_a_lost_answer_to_the_code_asks_for_the_same_code(client, lanck, started):
    code = lanck.sent[-1].code
    lanck.lose_answer()
    page = type_code(client, code).content.decode()
    assert "Enter the same code again in 2 seconds" in page
    assert f'value="{code}"' in page
    assert type_code(client, code).url == "/"


# Other ways out


def test_asking_too_soon_for_another_code_says_how_long_to_wait(client, lanck, started):
    page = client.get("/signup/code/").content.decode()
    assert "You can do that in" in page
    assert "disabled" not in page
    page = client.post("/signup/resend/", {"method": "sms"}, follow=True).content.decode()
    assert "Please wait a little" in page
    assert "Try again in" in page
    assert len(lanck.sent) == 1


@pytest.mark.parametrize(
    ("code", "wait", "sentence"),
    [
        ("too_many_requests", 45, "Too many requests. Try again in 45 seconds."),
        ("too_many_requests", 70, "Too many requests. Try again in 1 minute 10 seconds."),
        ("too_many_requests", 601, "Too many requests. Try again in 11 minutes."),
        ("too_many_requests", 3541, "Too many requests. Try again in 1 hour."),
        ("too_many_requests", 86_400, "Too many requests. Try again in 24 hours."),
        ("unavailable", 5, "We cannot send or check codes at the moment. Try again in 5 seconds."),
        ("resend_too_soon", 30, "Please wait a little before you ask for another code. Try again in 30 seconds."),
        ("expired", None, "The time for this verification is over. Start again."),
    ],
)
def test_a_refusal_says_how_long_to_wait(code, wait, sentence):
    assert wording.sentence(Refusal(code, retry_after=wait)) == sentence


def test_limits_are_said_where_the_person_is(client, lanck, phone, settings):
    settings.LANCK = {**lanck.settings, "LIMITS": {"session": ["1/hour"]}, "CHECK_LIMITS": {"number": ["1/day"]}}
    start(client, phone)
    code = lanck.sent[-1].code
    type_code(client, wrong(code))
    assert "Too many requests. Try again in 24 hours." in type_code(client, code).content.decode()
    page = client.post("/signup/", {"number": "+12015550124", "method": "sms"}).content.decode()
    assert "Too many requests. Try again in 1 hour." in page
    assert len(lanck.sent) == 1


@pytest.mark.parametrize(
    ("number", "method", "sentence", "field"),
    [
        ("+493012345678", "sms", "This number cannot be reached this way. Choose another way.", "id_method_error"),
        ("+19002345678", "sms", "This number is not supported. Use another one.", "id_number_error"),
    ],
)
def test_a_number_that_gets_no_code_is_said_at_the_field(client, lanck, number, method, sentence, field):
    page = client.post("/signup/", {"number": number, "method": method}).content.decode()
    assert sentence in page
    assert page.index(field) < page.index(sentence)
    assert not lanck.requests


def test_another_way_makes_the_earlier_code_worthless(client, lanck, started, age):
    age(started, 31)
    page = client.post("/signup/resend/", {"method": "call"}, follow=True).content.decode()
    assert "Codes that you got before do not work any more." in page
    assert "the last 6 digits of the number" in page
    first, second = lanck.sent
    assert second.channel == "call"
    if first.code != second.code:
        assert "not right" in type_code(client, first.code).content.decode()
    assert type_code(client, second.code).url == "/"


def test_another_number_cancels_the_first(client, lanck, started):
    assert client.post("/signup/cancel/").url == "/signup/"
    assert Verification.objects.get().state == "canceled"
    assert client.get("/signup/code/").url == "/signup/"


def test_starting_again_cancels_what_was_under_way(client, lanck, started):
    assert "Type that code" in client.get("/signup/").content.decode()
    start(client, "+12015550199")
    assert [v.state for v in Verification.objects.order_by("created_at")] == ["canceled", "pending"]


def test_the_delivery_is_said_in_words(client, lanck, started):
    lanck.report(lanck.sent[-1], "DELIVERED")
    assert "Delivered to your phone." in client.get("/signup/code/").content.decode()
    lanck.report(lanck.sent[-1], "SOMETHING_NEW")
    Message.objects.update(status="SOMETHING_NEW")
    assert "On its way" in client.get("/signup/code/").content.decode()


def test_another_browser_knows_nothing_of_the_signup(client, lanck, started):
    other = Client()
    assert other.get("/signup/code/").url == "/signup/"
    assert type_code(other, lanck.sent[-1].code).url == "/signup/"
    assert other.post("/signup/resend/").url == "/signup/"
    session = other.session
    session["signup_verification"] = str(started.pk)
    session.save()
    assert type_code(other, lanck.sent[-1].code).url == "/signup/"
    assert lanck.sent[-1].checks == []


def test_the_same_code_sent_twice_signs_in_once(client, lanck, started):
    """As two presses do: the second request still has the first one's session."""
    second = Client()
    second.cookies = client.cookies.copy()
    assert type_code(client, lanck.sent[-1].code).url == "/"
    assert type_code(second, lanck.sent[-1].code).status_code == 302
    assert User.objects.count() == 1


# The other pages


@pytest.mark.parametrize("path", ["/", "/signup/", "/signup/code/"])
def test_pages_are_kept_by_no_cache_and_have_no_inline_script(client, lanck, started, path):
    response = client.get(path)
    assert "no-store" in response["Cache-Control"]
    page = response.content.decode()
    assert "<style" not in page
    assert " style=" not in page
    assert page.count("<script") == page.count("<script src=")
    assert "https://" not in page


def test_the_start_page_leads_everywhere(client):
    page = client.get("/").content.decode()
    for address in ("/signup/", "/sandbox/", "/admin/", "/api/docs/"):
        assert f'href="{address}' in page


def test_the_api_docs_need_nothing_from_outside(client):
    page = client.get("/api/docs/").content.decode()
    assert "//cdn" not in page
    assert client.get("/api/schema/").status_code == 200


def test_a_real_account_has_no_simulated_handset(client, settings):
    settings.LANCK = {**settings.LANCK, "BASE_URL": "https://lanck.example/v1"}
    page = client.get("/").content.decode()
    assert "/sandbox/" not in page
    assert "messages and calls are real" in page


# The command


def demo() -> str:
    out = StringIO()
    call_command("demo", no_serve=True, stdout=out, no_color=True)
    return out.getvalue()


def test_the_demo_is_safe_to_prepare_twice(client, settings):
    first, second = demo(), demo()
    assert first == second
    for address in ("/", "/signup/", "/sandbox/", "/admin/", "/api/docs/"):
        assert f"http://127.0.0.1:{settings.PORT}{address}" in first
    assert "admin / admin" in first
    assert client.login(username="admin", password="admin")
    assert User.objects.get().is_superuser


def test_a_changed_password_is_left_alone():
    demo()
    admin = User.objects.get()
    admin.set_password("mine")
    admin.save()
    assert "the password you gave it" in demo()
    admin.refresh_from_db()
    assert admin.check_password("mine")


def test_a_busy_port_is_said_plainly(settings):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        settings.PORT = str(other.getsockname()[1])
        with pytest.raises(CommandError, match="choose another port: make demo PORT="):
            call_command("demo")


@pytest.mark.parametrize("port", ["0", "http", "65536"])
def test_a_port_that_is_none_is_said_plainly(settings, port):
    settings.PORT = port
    with pytest.raises(CommandError, match="is not a port"):
        call_command("demo", no_serve=True)
