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
def test_arguments_of_each_channel_are_sent_to_lanck(lanck, run, phone, channel):
    arguments, expected = CALLS[channel]
    ran = run("lanck_send", channel, phone, *arguments)
    message = Message.objects.get()
    assert ran.out == f"Message {message.pk} to {MASKED} by {channel}: accepted.\n"
    sent = lanck.sent[-1]
    params = {name: value for name, value in sent.params.items() if name not in ("number", "callbackUrl")}
    assert (sent.channel, sent.number, params) == (channel, phone, expected)


def test_platform_options_and_the_image_are_sent_to_lanck(lanck, run, phone):
    run("lanck_send", "push", phone, "Hi", "--android", '{"a": 1}', "--ios", '{"b": 2}')
    assert (lanck.sent[-1].params["android"], lanck.sent[-1].params["ios"]) == ({"a": 1}, {"b": 2})
    run("lanck_send", "viber", phone, "Hi", "--image-url", "https://www.example.com/a.png")
    assert lanck.sent[-1].params["imageUrl"] == "https://www.example.com/a.png"


def test_every_channel_without_lanck_code_has_a_subcommand(run):
    assert {*CALLS, "failover"} == {*Channel.values} - {"voice", "call"}


def test_flow_file_is_sent_unchanged(lanck, run, phone, flow_file):
    assert run("lanck_send", "failover", phone, "--flow", flow_file).error is None
    assert lanck.sent[-1].params["flow"] == FLOW


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("", "valid JSON"),
        ("[]", "that is not empty"),
        (json.dumps(FLOW[:1]), "flow[0].failover"),
        ('[{"type": "sms", "message": {"txt": "Hi"}}]', "flow[0].message.txt"),
    ],
)
def test_invalid_flow_is_refused_with_the_path_of_the_error(lanck, run, phone, tmp_path, content, error):
    (tmp_path / "flow.json").write_text(content)
    ran = run("lanck_send", "failover", phone, "--flow", tmp_path / "flow.json")
    assert ran.code == 1
    assert ran.error.startswith("--flow")
    assert error in ran.error
    assert lanck.requests == []
    assert not Message.objects.exists()


def test_unreadable_flow_file_is_an_error_of_its_option(run, phone, tmp_path):
    assert run("lanck_send", "failover", phone, "--flow", tmp_path).error.startswith("--flow: The file cannot be read")


def test_link_is_replaced_by_a_short_url_in_the_text(lanck, run, phone):
    run("lanck_send", "sms", phone, "Look: {link}", "--link", "https://www.example.com/offer")
    assert "http://testserver/lanck/l/" in lanck.sent[-1].text


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["sms", "12", "Hi"], "NUMBER: Enter a valid phone number, with its country code."),
        (["sms", "+12015550123", " "], "TEXT: It has to be a text that is not empty."),
        (["sms", "+12015550123", "Hi", "--link", "https://a.example"], "--link: A text with {link} and a link"),
        (["sms", "+12015550123", "Hi", "--sender", "x" * 21], "--sender: It has to be a name or a number"),
        (["sms", "+12015550123", "\udcff"], "TEXT: It has to be UTF-8."),
        (["viber", "+12015550123", "Hi", "--button-caption", "Go"], "--button-url: A button needs a URL"),
        (["viber", "+12015550123", "Hi", "--button-url", "https://a.example"], "--button-caption: A button needs"),
        (["push", "+12015550123", "Hi", "--ttl", "0"], "--ttl: It has to be a whole number above 0"),
        (["push", "+12015550123", "Hi", "--ios", "{"], "--ios: It has to be valid JSON"),
        (["push", "+12015550123", "Hi", "--ios", "7"], "--ios: It has to be a dictionary."),
        (["p2s", "+12015550123", "--code", "12"], "--code: It has to be a text of 4 to 6 digits."),
        (["p2s", "+12015550123", "--code", "1234", "--language", "xx"], "--language: It has to be one of"),
    ],
)
def test_invalid_argument_is_reported_by_its_option_and_nothing_is_sent(lanck, run, arguments, error):
    ran = run("lanck_send", *arguments)
    assert (ran.code, ran.out) == (1, "")
    assert ran.error.startswith(error)
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
def test_options_that_the_channel_does_not_have_are_refused(lanck, run, arguments):
    assert run("lanck_send", *arguments).error.startswith("Error: ")
    assert not Message.objects.exists()


def test_marketing_to_a_number_with_an_opt_out_is_refused(lanck, run, phone):
    lanck.inbound(phone, "STOP")
    assert OptOut.objects.exists()
    ran = run("lanck_send", "sms", phone, "Sale!", "--category", "marketing")
    assert ran.error == "The owner of this number opted out of marketing."
    assert lanck.sent == []


def test_error_of_lanck_is_printed(lanck, run, phone):
    lanck.refuse(16, reason="sender ACME is not yours")
    assert run("lanck_send", "sms", phone, "Hi").error == (
        "LANCK answered HTTP 400, error 16 (sender not allowed): sender ACME is not yours"
    )


def test_unreachable_lanck_means_nothing_was_sent(run, phone, lanck_settings, unused_port):
    with lanck_settings(BASE_URL=f"http://127.0.0.1:{unused_port}/v1"):
        ran = run("lanck_send", "sms", phone, "Hi")
    assert ran.error == "Nothing was sent: LANCK's server cannot be reached."


def test_unknown_outcome_is_not_an_error_so_that_scripts_do_not_repeat_it(lanck, run, phone):
    lanck.lose_answer()
    ran = run("lanck_send", "sms", phone, "Hi")
    assert (ran.code, ran.error) == (0, None)
    assert ran.out.endswith("by sms: unknown. It may have been sent: do not send it again.\n")
    lanck.lose_answer()
    assert run("lanck_send", "sms", phone, "Hi", "--json").document["status"] == "unknown"


def test_json_is_one_document_with_the_number_masked(lanck, run, phone):
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


def test_json_contains_the_error(run, lanck):
    ran = run("lanck_send", "sms", "12", "Hi", "--json")
    assert ran.document == {"error": ran.error}


def test_code_is_printed_only_with_show_caller(lanck, run, phone):
    for arguments in (["flash"], ["flash", "--code", "4321"], ["p2s", "--code", "4321"]):
        channel, *options = arguments
        for form in ([], ["--json"]):
            ran = run("lanck_send", channel, phone, *options, *form)
            assert lanck.sent[-1].code not in ran.out + ran.err
    caller = "+37282324321"
    assert run("lanck_send", "flash", phone, "--code", "4321", "--show-caller").out.endswith(f"calls from: {caller}\n")
    ran = run("lanck_send", "flash", phone, "--code", "4321", "--show-caller", "--json")
    assert ran.document["caller"] == caller


def test_wait_ends_with_the_final_status(lanck, run, phone, monkeypatch):
    monkeypatch.setattr(waiting, "FIRST_PAUSE", 0.01)
    answered, handle = [], lanck.handle

    def deliver_later(verb, path, params):
        if verb == "GET":
            answered.append(path)
            lanck.sent[-1].status = "DELIVERED" if len(answered) == 4 else "SENT"
        if len(answered) == 2:
            lanck.refuse(20, http_status=404)  # an error does not end the wait
        return handle(verb, path, params)

    monkeypatch.setattr(lanck, "handle", deliver_later)
    ran = run("lanck_send", "sms", phone, "Hi", "--wait", "20", terminal=True)
    assert ran.out.endswith("by sms: DELIVERED.\n")
    assert len(answered) == 4
    assert ": SENT" in ran.err
    assert run("lanck_send", "sms", phone, "Hi", "--wait", "0.02").err == ""


def test_receipt_ends_the_wait_for_a_message_without_a_request_id(lanck, run, phone, monkeypatch):
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


def test_wait_without_a_final_status_ends_after_its_seconds(lanck, run, phone):
    ran = run("lanck_send", "sms", phone, "Hi", "--wait", "0.05")
    assert ran.out.endswith("SENT. There was no final status within 0.05 seconds.\n")
    assert ran.code == 0


def test_invalid_settings_are_reported_and_nothing_is_sent(lanck, run, phone, lanck_settings):
    with lanck_settings(ACCESS_TOKEN="no-colon"):
        ran = run("lanck_send", "sms", phone, "Hi")
    assert ran.error.startswith("LANCK['ACCESS_TOKEN'] is not an access token. It is one string")
    assert not Message.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_send_inside_a_transaction_raises_runtime_error(lanck, phone):
    with transaction.atomic(), pytest.raises(RuntimeError, match="transaction"):
        call_command("lanck_send", "sms", phone, "Hi")
    assert lanck.requests == []


def test_help_of_a_channel_lists_its_options_only(capsys):
    with pytest.raises(SystemExit):
        Command().run_from_argv(["manage.py", "lanck_send", "sms", "--help"])
    shown = capsys.readouterr().out
    assert "--sender" in shown and "--link" in shown
    assert "--title" not in shown and "--code" not in shown


@pytest.mark.django_db(transaction=True)
def test_process_reads_a_code_from_stdin_and_prints_errors_to_stderr_only(lanck, manage, phone):
    ran = manage("lanck_send", "p2s", phone, "--code", "-", "--json", stdin=b"4321\n")
    assert (ran.code, ran.err, ran.document["status"]) == (0, "", "accepted")
    assert lanck.sent[-1].code == "4321"
    ran = manage("lanck_send", "failover", "12", "--flow", "-", stdin=json.dumps(FLOW).encode())
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "CommandError: NUMBER: Enter a valid phone number, with its country code.\n"
    ran = manage("lanck_send", "rcs", phone, "Hi", "--sender", "ACME")
    assert (ran.code, ran.out) == (2, "")
    assert "--sender" in ran.err


def test_json_of_an_error_has_the_id_of_the_message(run, lanck):
    lanck.refuse(6, http_status=403)
    ran = run("lanck_send", "sms", "+12015550123", "Hi", "--json")
    assert ran.code == 1
    assert json.loads(ran.out)["message"] == Message.objects.get().pk
