"""Verifications with a code of the site in the JSON API."""

import pytest
from django.contrib.auth import get_user_model

from django_lanck.models import Message, Verification, VerifiedNumber
from django_lanck.services import claim_number, redeem_proof
from tests.api.test_verifications import URL, post
from tests.helpers import with_lanck

pytestmark = pytest.mark.django_db

OWN = {"signup": {"PUBLIC": True, "CODE_SOURCE": "site", "CHANNELS": ["sms", "p2s", "push"], "METHODS": ["voice"]}}


@pytest.fixture
def own_codes(lanck):
    with with_lanck(lanck, PURPOSES=OWN):
        yield lanck


def test_signup_with_a_resend_by_another_channel(client, own_codes, phone, backdate):
    started = post(client, URL, {"number": "+1 201 555 0123"})
    assert started.status_code == 201
    body = started.json()
    assert (body["method"], body["methods"], body["delivery"]) == ("sms", ["sms", "p2s", "push"], "accepted")
    url, first = f"{URL}{body['id']}/", own_codes.sent[-1]
    assert first.code in first.text
    own_codes.report(first, "DELIVERED")
    assert client.get(url).json()["delivery"] == "DELIVERED"

    backdate(Verification.objects.get(), 31)
    resent = post(client, f"{url}resend/", {"method": "p2s"})
    assert (resent.status_code, resent.json()["method"]) == (200, "p2s")
    assert resent.json()["methods"] == ["sms", "p2s", "push"]
    second = own_codes.sent[-1]
    assert post(client, f"{url}check/", {"code": f"{(int(second.code) + 1) % 1_000_000:06}"}).status_code == 400
    checked = post(client, f"{url}check/", {"code": second.code})
    assert (checked.status_code, checked.json()["status"], checked.json()["attempts_left"]) == (200, "verified", 3)
    assert own_codes.requests == ["POST /sms", "POST /calls/p2s"]

    proof = checked.json()["proof"]
    binding = f"session:{client.session['lanck_binding']}"
    assert redeem_proof(proof=proof, purpose="signup", binding=binding) == phone
    user = get_user_model().objects.create_user("someone")
    claim_number(user=user, proof=proof)
    assert VerifiedNumber.objects.get(number=phone).user == user


@pytest.mark.parametrize("method", ["sms", "p2s", "push"])
def test_method_is_a_channel_of_the_purpose(client, own_codes, phone, method):
    body = post(client, URL, {"number": phone, "method": method}).json()
    assert (body["method"], own_codes.sent[-1].channel) == (method, method)


@pytest.mark.parametrize("method", ["voice", "call", "flash", "viber"])
def test_channel_that_the_purpose_does_not_offer_is_refused(client, own_codes, phone, method, backdate):
    response = post(client, URL, {"number": phone, "method": method})
    assert (response.status_code, response.json()["code"]) == (400, "invalid_method")
    assert not Verification.objects.exists()
    url = f"{URL}{post(client, URL, {'number': phone}).json()['id']}/"
    backdate(Verification.objects.get(), 31)
    response = post(client, f"{url}resend/", {"method": method})
    assert (response.status_code, response.json()["code"]) == (400, "invalid_method")
    assert len(own_codes.sent) == 1


def test_client_cannot_choose_code_source_or_channel(client, lanck, own_codes, phone):
    post(client, URL, {"number": phone, "code_source": "lanck", "channel": "push"})
    assert (lanck.requests, Verification.objects.get().code_source) == (["POST /sms"], "site")
    with with_lanck(lanck, PURPOSES={"signup": {"PUBLIC": True}}):
        post(client, URL, {"number": phone, "code_source": "site", "channel": "push"})
    assert lanck.requests == ["POST /sms", "POST /verify"]


def test_pending_verification_keeps_its_code_source_when_the_purpose_changes(client, lanck, phone, backdate):
    with with_lanck(lanck, PURPOSES=OWN):
        url = f"{URL}{post(client, URL, {'number': phone}).json()['id']}/"
    backdate(Verification.objects.get(), 31)
    with with_lanck(lanck, PURPOSES={"signup": {**OWN["signup"], "CODE_SOURCE": "lanck"}}):
        assert client.get(url).json()["methods"] == ["sms", "p2s", "push"]
        assert post(client, f"{url}resend/", {"method": "voice"}).status_code == 400
        assert post(client, f"{url}resend/", {"method": "push"}).status_code == 200
    with with_lanck(lanck, PURPOSES={}):
        assert client.get(url).status_code == 404


def test_responses_do_not_contain_the_code(client, own_codes, phone):
    started = post(client, URL, {"number": phone})
    looked = client.get(f"{URL}{started.json()['id']}/")
    for response in (started, looked):
        assert own_codes.sent[-1].code not in response.content.decode().replace(started.json()["id"], "")


@pytest.mark.parametrize("source", ["lanck", "site"])
def test_setting_that_lanck_would_refuse_is_answered_with_400(client, lanck, phone, source):
    keys = {"SENDERS": {"sms": " "}, "CODE_SOURCE": source}
    with with_lanck(lanck, **keys):
        response = post(client, URL, {"number": phone})
    assert (response.status_code, response.json()["code"]) == (400, "invalid_argument")
    assert list(response.json()["errors"]) == ["sender"]
    assert not lanck.requests
    assert not Message.objects.filter(status="accepted").exists()
