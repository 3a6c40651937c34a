import pytest

from django_lanck.models import Message
from django_lanck.services import flash_call, send_sms, speak_code, start_verification

pytestmark = pytest.mark.django_db


def test_request_of_lanck_and_message_of_this_site_are_printed(lanck, run, phone):
    message = speak_code(number=phone, code="4321", language="de")
    sent = lanck.sent[-1]
    lanck.report(sent, "ANSWERED", timestamp=1700000017, sipStatus=200, duration=17, billable=True)
    lanck.report(sent, "ANSWERED", timestamp=1700000017, sipStatus=200, duration=17, billable=True)
    ran = run("lanck_request", sent.request_id)
    assert "LANCK: p2s to +1201•••0123: ANSWERED\n" in ran.out
    assert f"This site: message {message.pk} to +1201•••0123 by p2s: ANSWERED\n" in ran.out
    assert "receipt: ANSWERED at 2023-11-14 22:13:37+00:00, 1 repeats\n" in ran.out
    assert "    sip status: 200\n" in ran.out and "    duration: 17" in ran.out
    document = run("lanck_request", sent.request_id, "--json").document
    assert document["lanck"]["status"] == document["message"]["status"] == "ANSWERED"
    assert document["message"]["receipts"][0]["call"]["duration"] == 17


def test_numbers_codes_texts_and_tokens_are_not_printed(lanck, run, phone):
    speak_code(number=phone, code="4321", language="de")
    flash_call(number=phone, code="8765", sender="37282328765")
    start_verification(number=phone, method="call")
    send_sms(number=phone, text="The word is swordfish")
    for sent in lanck.sent:
        for form in ([], ["--json"]):
            out = run("lanck_request", sent.request_id, *form).out
            token = sent.params["callbackUrl"].split("/")[-2]
            for secret in (phone, phone[1:], "4321", "8765", "37282328765", "swordfish", token):
                assert secret not in out.replace(sent.request_id, "")
    payload = run("lanck_request", lanck.sent[0].request_id, "--json").document["lanck"]["payload"]
    assert payload == {"number": "…", "code": "…", "language": "de", "callbackUrl": "…"}


def test_caller_of_another_sites_flash_call_is_not_printed(lanck, run, phone):
    for product in ("calls.flash", "verify.call", ""):
        info = {"id": "x", "product": product, "sender": "37282328765", "payload": {"from": "37282328765"}}
        lanck.answer({**info, "status": "SENT", "number": phone})
        assert "8765" not in run("lanck_request", "x", "--json").out
    lanck.answer({**info, "product": "sms", "sender": "ACME", "payload": {"from": "ACME"}})
    assert run("lanck_request", "x", "--json").document["lanck"]["payload"] == {"from": "ACME"}


def test_message_of_this_site_is_refreshed(lanck, run, phone):
    send_sms(number=phone, text="Hi")
    lanck.sent[-1].status = "DELIVERED"
    assert run("lanck_request", lanck.sent[-1].request_id, "--json").document["message"]["status"] == "DELIVERED"
    assert Message.objects.get().network == "Test Mobile"


def test_request_without_a_message_is_printed(lanck, run, phone):
    send_sms(number=phone, text="Hi")
    Message.objects.all().delete()
    ran = run("lanck_request", lanck.sent[-1].request_id)
    assert ran.out.startswith("LANCK: sms to +1201•••0123: SENT\n")
    assert ran.out.endswith("This site: no message has this request id.\n")


def test_message_is_printed_when_lanck_does_not_find_the_request(lanck, run, phone):
    send_sms(number=phone, text="Hi")
    lanck.refuse(20, http_status=404, reason="Request not found")
    ran = run("lanck_request", lanck.sent[-1].request_id, "--json")
    assert (ran.code, ran.document["lanck"], ran.document["message"]["status"]) == (1, None, "accepted")
    assert "request not found" in ran.document["error"] == ran.error


@pytest.mark.parametrize("request_id", ["..", "", "a\x00b", "\udcff"])
def test_invalid_request_id_is_refused_without_a_call(lanck, run, request_id):
    ran = run("lanck_request", request_id)
    assert (ran.code, ran.out, ran.error) == (1, "", "ID: It is not a request id.")
    assert lanck.requests == []


def test_control_characters_of_an_answer_are_not_printed(lanck, run):
    lanck.answer({"id": "x", "product": "sms", "status": "\x1b[2JGONE"})
    ran = run("lanck_request", "x")
    assert "�[2JGONE" in ran.out
    assert "\x1b" not in ran.out
