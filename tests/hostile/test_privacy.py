"""Attacks on secrets (in logs, dumps, pages and error reports) and by scripts in texts."""

import json
import logging
import re
from html import unescape

import django
import pytest
from django.contrib.auth.models import Permission
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.log import AdminEmailHandler

from django_lanck.models import InboundMessage, Message, NumberInsight, Verification, VerifiedNumber
from django_lanck.services import (
    claim_number,
    flash_call,
    look_up,
    redeem_proof,
    send_sms,
    speak_code,
    start_verification,
)
from django_lanck.testing.fake import INBOUND_SECRET

pytestmark = pytest.mark.django_db

API = "/api/phone/verifications/"
TOKEN_ID, TOKEN_SECRET = "canary-account", "canary-of-the-access-token"
SCRIPT = "<script>alert('xss')</script>"
# The columns that hold whole numbers.
NUMBER_COLUMNS = {
    ("lanck_verification", "number"),
    ("lanck_message", "number"),
    ("lanck_numberinsight", "number"),
    ("lanck_inboundmessage", "sender"),
    ("lanck_verifiednumber", "number"),
    ("lanck_optout", "number"),
}


@pytest.fixture
def account(lanck, settings):
    """The fake LANCK, with canary values for the access token."""
    settings.LANCK = {**lanck.settings, "ACCESS_TOKEN": f"{TOKEN_ID}:{TOKEN_SECRET}"}
    address = "admin@site.example"
    settings.ADMINS = [address] if django.VERSION >= (6, 0) else [("Admin", address)]
    return lanck


@pytest.fixture
def reports():
    """The outbox with Django's error reports by mail, which include the technical page."""
    handler = AdminEmailHandler(include_html=True)
    logger = logging.getLogger("django.request")
    logger.addHandler(handler)
    yield mail
    logger.removeHandler(handler)


def texts_of(outbox):
    """Return the texts of the mails: the plain report and the technical page."""
    texts = [
        text for each in outbox for text in (each.subject, each.body, *(page for page, _kind in each.alternatives))
    ]
    assert len(texts) >= 5
    assert any("<html" in text for text in texts)
    return [unescape(text) for text in texts]


class Person(Client):
    """A client of the API."""

    def call(self, path="", **values):
        return self.post(API + path, json.dumps(values), content_type="application/json")


class Secrets:
    """The canary values that must not be found."""

    def __init__(self, lanck):
        self.lanck = lanck
        self.known = [TOKEN_SECRET, INBOUND_SECRET]

    @property
    def everything(self):
        codes = [sent.code for sent in self.lanck.sent if sent.code]
        receipts = [sent.params["callbackUrl"].strip("/").rpartition("/")[2] for sent in self.lanck.sent]
        return [*self.known, *codes, *receipts]

    def found_in(self, text):
        """Return the secrets in a text. Digits within a hash, a longer number or a fraction are not a code."""
        return [each for each in self.everything if re.search(rf"(?<![\w.-]){re.escape(each)}(?![\w-])", text)]


@pytest.fixture
def secrets_of_all_features(account, phone, django_user_model):
    """Use all features that have secrets: codes of both sources, proofs, receipts, texts and failures."""
    secrets, person = Secrets(account), Person()
    started = person.call(number=phone, purpose="signup").json()
    code = account.sent[-1].code
    account.report(account.sent[-1], "DELIVERED", code=code, text=f"Your code is {code}", payload={"number": phone})
    account.refuse(21, reason=f"Wrong code {code} for {phone}")
    person.call(f"{started['id']}/check/", code=code)
    account.lose_answer()
    person.call(f"{started['id']}/check/", code=code)
    proof = person.call(f"{started['id']}/check/", code=code).json()["proof"]
    secrets.known.append(proof)
    row = Verification.objects.get()
    user = django_user_model.objects.create_user("owner")
    redeem_proof(proof=proof, binding=f"session:{person.session['lanck_binding']}")
    claim_number(user=user, proof=proof)
    for channel in ("sms", "p2s", "flash", "push", "viber", "rcs", "failover"):
        start_verification(number=phone, code_source="site", channel=channel)
        sent = account.sent[-1]
        account.report(
            sent, "DELIVERED", code=sent.code, **({"from": f"3728232{sent.code}"} if channel == "flash" else {})
        )
    speak_code(number=phone, code="824613")
    flash_call(number=phone)
    account.refuse(11, reason="No such number")
    with pytest.raises(Exception, match="No such number"):
        send_sms(number=phone, text="Hi")
    look_up(number=phone)
    account.inbound(phone, "STOP")
    assert row.state == "verified"
    return secrets


def dump():
    """Yield each text value in the database, with its table and column."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            names = [column[0] for column in cursor.description]
            for row in cursor.fetchall():
                for name, value in zip(names, row, strict=True):
                    if isinstance(value, str | dict | list):
                        yield table, name, value if isinstance(value, str) else json.dumps(value)


def test_attack_18_database_dump_contains_no_code_and_no_token(secrets_of_all_features, phone):
    """A database dump contains no code and no token, and the number only in the columns for numbers."""
    rows = [row for row in dump() if not row[0].startswith("lanck_sandbox")]
    assert len(rows) > 200
    assert [(table, name) for table, name, text in rows if secrets_of_all_features.found_in(text)] == []
    columns = {(table, name) for table, name, text in rows if phone.removeprefix("+") in text}
    assert columns == NUMBER_COLUMNS


def test_attack_18_debug_logs_contain_no_code_token_or_number(account, phone, caplog, request):
    """DEBUG logs contain no code, no token and no number."""
    with caplog.at_level(logging.DEBUG):
        secrets = request.getfixturevalue("secrets_of_all_features")
        Client().post(reverse("lanck:inbound", args=["wrong-secret-that-is-long"]), {}, "application/json")
        Client().post(reverse("lanck:receipt", args=["1:wrong"]), {}, "application/json")
    lines = [record for record in caplog.records if not record.name.startswith("django.db")]
    assert len(lines) > 20
    for record in lines:
        text = f"{record.getMessage()} {record.args} {record.exc_text or ''}"
        assert secrets.found_in(text) == []
        assert phone.removeprefix("+") not in text, text


def test_attack_18_sql_log_contains_no_code_and_no_token(account, request):
    """The log of SQL statements contains no code and no token."""
    with CaptureQueriesContext(connection) as captured:
        secrets = request.getfixturevalue("secrets_of_all_features")
    assert len(captured) > 50
    assert [each["sql"] for each in captured if secrets.found_in(each["sql"])] == []


def pages(client):
    """Yield the admin pages of this app, lists and rows."""
    for model in ("verification", "message", "inboundmessage", "numberinsight", "optout", "verifiednumber"):
        listing = client.get(reverse(f"admin:lanck_{model}_changelist"))
        yield listing
        for row in listing.context["cl"].result_list:
            yield client.get(reverse(f"admin:lanck_{model}_change", args=[row.pk]))


def test_attack_18_admin_pages_contain_no_code_and_no_token(secrets_of_all_features, admin_client):
    """Admin pages contain no code and no token, even for staff who may see numbers."""
    read = [unescape(page.content.decode()) for page in pages(admin_client)]
    assert len(read) > 20
    assert [secrets_of_all_features.found_in(text) for text in read if secrets_of_all_features.found_in(text)] == []


def test_attack_18_admin_pages_mask_numbers_without_the_permission(secrets_of_all_features, phone, django_user_model):
    """Admin pages mask numbers for staff without the permission."""
    user = django_user_model.objects.create_user("agent", is_staff=True)
    user.user_permissions.set(
        Permission.objects.filter(content_type__app_label="lanck", codename__startswith="view_").exclude(
            codename="view_number"
        )
    )
    client = Client()
    client.force_login(user)
    read = [page.content.decode() for page in pages(client)]
    assert len(read) > 20
    assert [text for text in read if phone.removeprefix("+") in text] == []


@pytest.mark.parametrize("step", ["start", "check", "resend"])
@pytest.mark.parametrize("source", ["lanck", "site"])
def test_attack_18_error_report_contains_no_code_and_no_token(
    account, reports, phone, monkeypatch, backdate, step, source, settings
):
    """An error report, as text and as Django's technical page, contains no code and no token."""
    settings.LANCK = {**settings.LANCK, "CODE_SOURCE": source}
    secrets, person = Secrets(account), Person(raise_request_exception=False)
    if step != "start":
        started = person.call(number=phone).json()
        backdate(Verification.objects.get(), 60)
    if step == "check" and source == "site":
        monkeypatch.setattr("django_lanck.services.verifications.check.is_right_code", len)
    else:
        monkeypatch.setattr("django_lanck.client.transport._answer", len)
    values = {
        "start": {"number": phone},
        "check": {"code": account.sent[-1].code if account.sent else ""},
        "resend": {},
    }
    path = "" if step == "start" else f"{started['id']}/{step}/"
    assert person.call(path, **values[step]).status_code == 500
    for text in texts_of(reports.outbox):
        assert secrets.found_in(text) == []


def test_attack_18_error_report_contains_no_number(account, reports, phone, monkeypatch):
    """An error report contains no number."""
    monkeypatch.setattr("django_lanck.client.transport._answer", len)
    assert Person(raise_request_exception=False).call(number=phone).status_code == 500
    for text in texts_of(reports.outbox):
        assert phone.removeprefix("+") not in text


def test_attack_20_inbound_sms_with_a_wrong_secret_gets_the_same_404(account, phone):
    """An inbound SMS with a wrong secret gets the same 404 with any body, and is not stored."""
    body = {"from": phone, "to": "12065550100", "messageId": "1", "text": "STOP"}
    wrong = ["x" * 24, INBOUND_SECRET[:-1], f"{INBOUND_SECRET}x", INBOUND_SECRET.upper(), TOKEN_SECRET, "é" * 20]
    bodies = [body, {}, {**body, "from": "nobody"}]
    answers = {
        (answer.status_code, answer.content, answer.headers["Content-Type"])
        for secret in wrong
        for each in bodies
        for answer in [Client().post(reverse("lanck:inbound", args=[secret]), each, "application/json")]
    }
    unknown = Client().post(reverse("lanck:receipt", args=["1:x"]), {}, "application/json")
    assert answers == {(404, unknown.content, unknown.headers["Content-Type"])}
    assert not InboundMessage.objects.exists()


@pytest.mark.parametrize("sender", ["+12015550199", "+447700900000", "12345", "ACME"])
def test_attack_20_inbound_sms_of_an_unknown_number_is_stored(account, sender):
    """An inbound SMS with the right secret is stored, also from an unknown number."""
    assert account.inbound(sender, "Hello?").status_code == 204
    assert InboundMessage.objects.get().text == "Hello?"
    assert not Verification.objects.exists()


@pytest.fixture
def scripts(account, phone, django_user_model):
    """Rows with a script in every value that others can set."""
    account.inbound(SCRIPT, SCRIPT, to=SCRIPT, messageId=SCRIPT, note={SCRIPT: [SCRIPT]})
    account.refuse(10, reason=SCRIPT)
    with pytest.raises(Exception, match="script"):
        send_sms(number=phone, text=f"{SCRIPT} {{link}}", link=f"https://acme.example/?q={SCRIPT}")
    send_sms(number=phone, text=SCRIPT)
    account.report(account.sent[-1], SCRIPT[:32], about={SCRIPT: SCRIPT}, mccmnc="<i>1")
    Message.objects.update(network=SCRIPT, sender=SCRIPT[:20])
    NumberInsight.objects.create(number=phone, kind="hlr", status=SCRIPT[:32], network=SCRIPT, payload={SCRIPT: SCRIPT})
    user = django_user_model.objects.create_user(SCRIPT)
    VerifiedNumber.objects.create(number=phone, user=user, verified_at=Message.objects.last().created_at)


def test_attack_22_script_is_escaped_in_the_admin(scripts, admin_client):
    """`<script>` in an inbound text or `errorReason` is escaped on every page of the admin."""
    read = [page.content.decode() for page in pages(admin_client)]
    assert sum("&lt;script&gt;alert" in text for text in read) > 5
    for text in read:
        assert "<script>alert" not in text
        assert "<i>1" not in text


def test_attack_22_script_is_escaped_in_the_message_of_an_action(scripts, admin_client, account):
    """`<script>` in the `errorReason` of a refresh by staff is escaped in the message about it."""
    account.refuse(10, reason=SCRIPT)
    chosen = {
        "action": "refresh_messages",
        "_selected_action": [row.pk for row in Message.objects.exclude(request_id=None)],
    }
    text = admin_client.post(reverse("admin:lanck_message_changelist"), chosen, follow=True).content.decode()
    assert "&lt;script&gt;alert" in text
    assert "<script>alert" not in text


@pytest.mark.parametrize("kind", ["messages", "inbound-messages"])
def test_attack_22_script_is_not_served_as_html_by_the_json_api(scripts, admin_client, kind):
    """`<script>` in an inbound text or `errorReason` is served as JSON with `nosniff`, not as HTML."""
    listing = admin_client.get(f"/api/staff/{kind}/")
    answers = [listing, *(admin_client.get(f"/api/staff/{kind}/{row['id']}/") for row in listing.json()["results"])]
    assert SCRIPT in json.dumps([answer.json() for answer in answers])
    for answer in answers:
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_attack_22_script_is_not_echoed_by_a_refusal(account):
    """`<script>` in a value of the client or in LANCK's `errorReason` is not in the answer to the client."""
    account.refuse(10, reason=SCRIPT)
    for values in ({"number": SCRIPT}, {"number": "+12015550123", "purpose": SCRIPT}, {"number": "+12015550123"}):
        answer = Person().call(**values)
        assert answer.status_code in (400, 503)
        assert answer.headers["Content-Type"] == "application/json"
        assert "script" not in answer.content.decode()
