import json

import pytest
from django.core.management import call_command
from django.db import transaction

from django_lanck.management.commands.lanck_send import Command
from django_lanck.models import Channel, Message, OptOut
from django_lanck.services.messages import waiting

pytestmark = pytest.mark.django_db
MASKED = "+1201•••0123"
FLOW = [
    {"type": "push", "message": {"title": "Hello", "text": "Hi"}, "failover": {"wait": 30, "condition": "delivered"}},
    {"type": "whatsapp", "message": {"text": "Hi"}, "failover": {"wait": 60, "condition": "read"}},
    {"type": "sms", "message": {"from": "Hello", "text": "Hi"}},
]


@pytest.fixture
def flow_file(tmp_path):
    path = tmp_path / "flow.json"
    path.write_text(json.dumps(FLOW))
    return path


CALLS = {
    "sms": (["Your order", "--sender", "ACME"], {"text": "Your order", "from": "ACME"}),
    "push": (
        ["Hi", "--title", "T", "--target", "app", "--ttl", "60", "--priority", "high", "--collapse-key", "k"],
        {"text": "Hi", "title": "T", "target": "app", "ttl": "60", "priority": "high", "collapseKey": "k"},
    ),
    "viber": (
        ["Hi", "--sender", "ACME", "--button-caption", "Go", "--button-url", "https://www.example.com/"],
        {"text": "Hi", "from": "ACME", "buttonCaption": "Go", "buttonActionUrl": "https://www.example.com/"},
    ),
    "rcs": (["Hi"], {"text": "Hi"}),
    "flash": (["--code", "4321"], {"code": "4321"}),
    "p2s": (["--code", "4321", "--language", "de"], {"code": "4321", "language": "de"}),
    "t2s": (["Hello", "--language", "ru"], {"text": "Hello", "language": "ru"}),
}


@pytest.mark.parametrize("channel", CALLS)
def test_each_channel_sends_what_was_typed(lanck, run, phone, channel):
    arguments, told = CALLS[channel]
    ran = run("lanck_send", channel, phone, *arguments)
    message = Message.objects.get()
    assert ran.out == f"Message {message.pk} to {MASKED} by {channel}: accepted.\n"
    sent = lanck.sent[-1]
    params = {name: value for name, value in sent.params.items() if name not in ("number", "callbackUrl")}
    assert (sent.channel, sent.number, params) == (channel, phone, told)


def test_options_for_one_system_and_a_picture(lanck, run, phone):
    run("lanck_send", "push", phone, "Hi", "--android", '{"a": 1}', "--ios", '{"b": 2}')
    assert (lanck.sent[-1].params["android"], lanck.sent[-1].params["ios"]) == ({"a": 1}, {"b": 2})
    run("lanck_send", "viber", phone, "Hi", "--image-url", "https://www.example.com/a.png")
    assert lanck.sent[-1].params["imageUrl"] == "https://www.example.com/a.png"


def test_every_channel_of_a_message_that_is_no_verification_is_there(run):
    assert {*CALLS, "failover"} == {*Channel.values} - {"voice", "call"}


def test_a_flow_is_sent_as_it_was_written(lanck, run, phone, flow_file):
    assert run("lanck_send", "failover", phone, "--flow", flow_file).trouble is None
    assert lanck.sent[-1].params["flow"] == FLOW


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("", "valid JSON"),
        ("[]", "not an empty one"),
        (json.dumps(FLOW[:1]), "flow[0].failover"),
        ('[{"type": "sms", "message": {"txt": "Hi"}}]', "flow[0].message.txt"),
    ],
)
def test_a_flow_that_does_not_fit_is_refused_by_its_place(lanck, run, phone, tmp_path, written, place):
    (tmp_path / "flow.json").write_text(written)
    ran = run("lanck_send", "failover", phone, "--flow", tmp_path / "flow.json")
    assert ran.code == 1
    assert ran.trouble.startswith("--flow")
    assert place in ran.trouble
    assert lanck.requests == []
    assert not Message.objects.exists()


def test_a_file_that_cannot_be_read_is_named(run, phone, tmp_path):
    assert run("lanck_send", "failover", phone, "--flow", tmp_path).trouble.startswith(
        "--flow: The file cannot be read"
    )


def test_a_short_link_goes_into_the_text(lanck, run, phone):
    run("lanck_send", "sms", phone, "Look: {link}", "--link", "https://www.example.com/offer")
    assert "http://testserver/lanck/l/" in lanck.sent[-1].text


@pytest.mark.parametrize(
    ("arguments", "trouble"),
    [
        (["sms", "12", "Hi"], "NUMBER: Enter a valid phone number, with its country code."),
        (["sms", "+12015550123", " "], "TEXT: It has to be a text, and not an empty one."),
        (["sms", "+12015550123", "Hi", "--link", "https://a.example"], "--link: A text with {link} and a link"),
        (["sms", "+12015550123", "Hi", "--sender", "x" * 21], "--sender: It has to be a name or a number"),
        (["sms", "+12015550123", "\udcff"], "TEXT: It has to be UTF-8."),
        (["viber", "+12015550123", "Hi", "--button-caption", "Go"], "--button-url: A button needs an address"),
        (["viber", "+12015550123", "Hi", "--button-url", "https://a.example"], "--button-caption: A button needs"),
        (["push", "+12015550123", "Hi", "--ttl", "0"], "--ttl: It has to be a whole number above 0"),
        (["push", "+12015550123", "Hi", "--ios", "{"], "--ios: It has to be valid JSON"),
        (["push", "+12015550123", "Hi", "--ios", "7"], "--ios: It has to be a dictionary."),
        (["p2s", "+12015550123", "--code", "12"], "--code: It has to be a text of 4 to 6 digits."),
        (["p2s", "+12015550123", "--code", "1234", "--language", "xx"], "--language: It has to be one of"),
    ],
)
def test_what_does_not_fit_is_named_by_its_option_and_nothing_is_sent(lanck, run, arguments, trouble):
    ran = run("lanck_send", *arguments)
    assert (ran.code, ran.out) == (1, "")
    assert ran.trouble.startswith(trouble)
    assert lanck.requests == []
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["rcs", "+12015550123", "Hi", "--sender", "ACME"],
        ["sms", "+12015550123", "Hi", "--title", "T"],
        ["sms", "+12015550123"],
        ["flash", "+12015550123", "a text"],
        ["p2s", "+12015550123"],
        ["failover", "+12015550123"],
        ["push", "+12015550123", "Hi", "--ttl", "soon"],
        ["sms", "+12015550123", "Hi", "--wait", "-1"],
        ["sms", "+12015550123", "Hi", "--category", "spam"],
        ["pigeon", "+12015550123", "Hi"],
        [],
    ],
)
def test_options_of_other_channels_are_refused(lanck, run, arguments):
    assert run("lanck_send", *arguments).trouble.startswith("Error: ")
    assert not Message.objects.exists()


def test_marketing_is_not_sent_to_those_who_opted_out(lanck, run, phone):
    lanck.inbound(phone, "STOP")
    assert OptOut.objects.exists()
    ran = run("lanck_send", "sms", phone, "Sale!", "--category", "marketing")
    assert ran.trouble == "The owner of this number opted out of marketing."
    assert lanck.sent == []


def test_what_lanck_refuses_is_said(lanck, run, phone):
    lanck.refuse(16, reason="sender ACME is not yours")
    assert run("lanck_send", "sms", phone, "Hi").trouble == (
        "LANCK answered HTTP 400, error 16 (sender not allowed): sender ACME is not yours"
    )


def test_a_lanck_that_cannot_be_reached_got_nothing(run, phone, settings_of_lanck, unused_port):
    with settings_of_lanck(BASE_URL=f"http://127.0.0.1:{unused_port}/v1"):
        ran = run("lanck_send", "sms", phone, "Hi")
    assert ran.trouble == "Nothing was sent: LANCK's server cannot be reached."


def test_a_lost_answer_is_no_error_so_that_no_script_sends_again(lanck, run, phone):
    lanck.lose_answer()
    ran = run("lanck_send", "sms", phone, "Hi")
    assert (ran.code, ran.trouble) == (0, None)
    assert ran.out.endswith("by sms: unknown. It was perhaps sent; do not send it again blindly.\n")
    lanck.lose_answer()
    assert run("lanck_send", "sms", phone, "Hi", "--json").document["status"] == "unknown"


def test_json_is_one_document_without_the_number(lanck, run, phone):
    ran = run("lanck_send", "sms", phone, "Hi", "--json")
    message = Message.objects.get()
    assert ran.document == {
        "message": message.pk,
        "channel": "sms",
        "number": MASKED,
        "status": "accepted",
        "is_final": False,
        "request_id": lanck.sent[-1].request_id,
    }
    assert run("lanck_send", "sms", phone, "Hi", "--json", verbosity=0).document["status"] == "accepted"


def test_json_has_the_trouble_too(run, lanck):
    ran = run("lanck_send", "sms", "12", "Hi", "--json")
    assert ran.document == {"error": ran.trouble}


def test_no_code_is_printed_unless_the_caller_is_asked_for(lanck, run, phone):
    for arguments in (["flash"], ["flash", "--code", "4321"], ["p2s", "--code", "4321"]):
        channel, *options = arguments
        for form in ([], ["--json"]):
            ran = run("lanck_send", channel, phone, *options, *form)
            assert lanck.sent[-1].code not in ran.out + ran.err
    caller = "+37282324321"
    assert run("lanck_send", "flash", phone, "--code", "4321", "--show-caller").out.endswith(f"calls from: {caller}\n")
    ran = run("lanck_send", "flash", phone, "--code", "4321", "--show-caller", "--json")
    assert ran.document["caller"] == caller


def test_waits_until_lanck_says_how_it_ended(lanck, run, phone, monkeypatch):
    monkeypatch.setattr(waiting, "FIRST_PAUSE", 0.01)
    answered, handle = [], lanck.handle

    def deliver_later(verb, path, params):
        if verb == "GET":
            answered.append(path)
            lanck.sent[-1].status = "DELIVERED" if len(answered) == 4 else "SENT"
        if len(answered) == 2:
            lanck.refuse(20, http_status=404)  # not known yet: waited through
        return handle(verb, path, params)

    monkeypatch.setattr(lanck, "handle", deliver_later)
    ran = run("lanck_send", "sms", phone, "Hi", "--wait", "20", terminal=True)
    assert ran.out.endswith("by sms: DELIVERED.\n")
    assert len(answered) == 4
    assert ": SENT" in ran.err
    assert run("lanck_send", "sms", phone, "Hi", "--wait", "0.02").err == ""


def test_a_receipt_ends_the_wait_for_a_message_without_an_id(lanck, run, phone, monkeypatch):
    lanck.lose_answer()
    pauses = []

    def report_meanwhile(seconds):
        pauses.append(seconds)
        lanck.report(lanck.sent[-1], "DELIVERED")

    monkeypatch.setattr(waiting.time, "sleep", report_meanwhile)
    ran = run("lanck_send", "sms", phone, "Hi", "--wait", "20")
    assert ran.out.endswith("by sms: DELIVERED.\n")
    assert len(pauses) == 1
    assert [line for line in lanck.requests if line.startswith("GET")] == []


def test_a_wait_ends_in_time(lanck, run, phone):
    ran = run("lanck_send", "sms", phone, "Hi", "--wait", "0.05")
    assert ran.out.endswith("SENT. There was no final status within 0.05 seconds.\n")
    assert ran.code == 0


def test_settings_that_do_not_fit_are_said_before_anything_is_sent(lanck, run, phone, settings_of_lanck):
    with settings_of_lanck(ACCESS_TOKEN="no-colon"):
        ran = run("lanck_send", "sms", phone, "Hi")
    assert ran.trouble.startswith("LANCK['ACCESS_TOKEN'] is not an access token. It is one string")
    assert not Message.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_it_does_not_run_inside_a_transaction(lanck, phone):
    with transaction.atomic(), pytest.raises(RuntimeError, match="transaction"):
        call_command("lanck_send", "sms", phone, "Hi")
    assert lanck.requests == []


def test_help_shows_what_fits_the_channel(capsys):
    with pytest.raises(SystemExit):
        Command().run_from_argv(["manage.py", "lanck_send", "sms", "--help"])
    shown = capsys.readouterr().out
    assert "--sender" in shown and "--link" in shown
    assert "--title" not in shown and "--code" not in shown


@pytest.mark.django_db(transaction=True)
def test_a_process_reads_a_code_from_stdin_and_keeps_its_streams_apart(lanck, manage, phone):
    ran = manage("lanck_send", "p2s", phone, "--code", "-", "--json", given=b"4321\n")
    assert (ran.code, ran.err, ran.document["status"]) == (0, "", "accepted")
    assert lanck.sent[-1].code == "4321"
    ran = manage("lanck_send", "failover", "12", "--flow", "-", given=json.dumps(FLOW).encode())
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "CommandError: NUMBER: Enter a valid phone number, with its country code.\n"
    ran = manage("lanck_send", "rcs", phone, "Hi", "--sender", "ACME")
    assert (ran.code, ran.out) == (2, "")
    assert "--sender" in ran.err


def test_a_refusal_as_json_names_the_message(run, lanck):
    lanck.refuse(6, http_status=403)
    ran = run("lanck_send", "sms", "+12015550123", "Hi", "--json")
    assert ran.code == 1
    assert json.loads(ran.out)["message"] == Message.objects.get().pk
