"""HLR lookups and fraud checks."""

import time

import pytest

from django_lanck.sandbox.models import SandboxMessage, SandboxRequest
from django_lanck.sandbox.provider import receipts

PHONE = "+12015550123"


def test_hlr_lookup_returns_network_and_subscriber(api):
    answer = api.post("insight/hlr", number=PHONE).json()
    assert abs(answer.pop("createdAt") / 1000 - time.time()) < 30
    request_id, imsi = answer.pop("id"), answer.pop("imsi")
    assert (len(imsi), imsi.isdecimal(), imsi[:6]) == (15, True, "310260")
    assert answer == {
        "product": "insight.hlr",
        "number": PHONE,
        "mccmnc": "310260",
        "network": "Sandbox Mobile US",
        "country": "US",
        "status": "DELIVERED",
        "ported": False,
        "roaming": False,
    }
    assert SandboxRequest.objects.get(request_id=request_id).channel == "hlr"
    assert not SandboxMessage.objects.exists()


def test_hlr_lookup_can_be_read_by_its_id(api):
    answer = api.post("insight/hlr", number=PHONE).json()
    again = api.get(f"requests/{answer['id']}").json()
    assert {key: again[key] for key in answer if key in again} == {
        key: value for key, value in answer.items() if key not in ("imsi", "ported", "roaming")
    }
    assert again["payload"] == {"number": PHONE}


@pytest.mark.parametrize(("number", "status"), [(PHONE, "DELIVERED"), ("+12045550120", "UNDELIVERED")])
def test_hlr_lookup_has_one_receipt_with_the_status_of_its_answer(sandbox, site, number, status):
    sandbox.post("insight/hlr", number=number, callbackUrl=site.url)
    receipts.flush()
    assert site.statuses == [status]
    assert set(site.bodies[0]) == {"requestId", "number", "mccmnc", "status", "timestamp"}


@pytest.mark.parametrize("number", ["+88812345678", "+1234567", "+491511234567", "+999123456789012"])
def test_imsi_has_15_digits_for_every_number(api, number):
    imsi = api.post("insight/hlr", number=number).json()["imsi"]
    assert (len(imsi), imsi.isdecimal()) == (15, True)


@pytest.mark.parametrize(
    ("number", "status", "mobile"),
    [
        (PHONE, "PASSED", True),
        ("+4915112345678", "PASSED", True),
        ("+493012345678", "NOT_MOBILE_PREFIX", False),
        ("+18005550100", "NOT_MOBILE_PREFIX", False),
        ("+18800000000", "NOT_MOBILE_PREFIX", False),
        ("+999123456789", "NOT_MOBILE_PREFIX", False),
    ],
)
def test_fraud_check_depends_on_the_prefix(api, number, status, mobile):
    response = api.post("insight/fraudcheck", number=number)
    assert (response.status_code, response.json()) == (200, {"status": status, "mobilePrefix": mobile})
    assert not SandboxRequest.objects.exists()


def test_hlr_lookup_is_not_a_verification(api):
    request_id = api.post("insight/hlr", number=PHONE).json()["id"]
    for path, extra in (("verify/info", {}), ("verify/check", {"code": "4711"})):
        assert api.post(path, requestId=request_id, **extra).json()["errorCode"] == 20
