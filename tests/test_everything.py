"""The script docs/everything.py makes every LANCK call over HTTP against the sandbox."""

import runpy
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model

from django_lanck.models import InboundMessage, Message, NumberInsight, OptOut, Verification
from django_lanck.sandbox.models import SandboxGoal
from django_lanck.sandbox.provider import receipts

SCRIPT = Path(__file__).parent.parent / "docs" / "everything.py"
SECRET = "inbound-secret-of-a-test"


@pytest.fixture
def site(live_server, settings):
    settings.LANCK = {
        "ACCESS_TOKEN": "sandbox:sandbox",
        "BASE_URL": f"{live_server.url}/sandbox/v1",
        "CALLBACK_BASE_URL": live_server.url,
        "INBOUND_SECRETS": [SECRET],
        "BACKGROUND_RATE": 20,
    }
    settings.LANCK_SANDBOX = {
        "ALLOW_WITHOUT_DEBUG": True,
        "RECEIPT_DELAY": 0.05,
        "WAIT_SCALE": 0.02,
        "INBOUND_URL": f"{live_server.url}/lanck/inbound/{SECRET}/",
    }
    yield live_server
    receipts.wait()
    receipts.clear()


@pytest.mark.django_db(transaction=True)
def test_script_makes_every_lanck_call_and_stores_its_result(site, capsys, client):
    script = runpy.run_path(str(SCRIPT))
    script["main"]()
    output = capsys.readouterr().out

    statuses = {
        channel: set(Message.objects.filter(channel=channel).values_list("status", flat=True))
        for channel in ("sms", "push", "viber", "rcs", "failover", "flash", "p2s", "t2s", "voice")
    }
    receipts.wait()
    assert statuses.pop("p2s") == statuses.pop("t2s") == {"ANSWERED"}
    assert statuses.pop("voice") <= {"accepted", "SENT", "ANSWERED"}
    assert all(found <= {"accepted", "SENT", "DELIVERED"} and "DELIVERED" in found for found in statuses.values())
    assert output.count("verified +1201555013") == 4
    assert set(Verification.objects.values_list("state", "code_source")) == {
        ("verified", "lanck"),
        ("verified", "site"),
    }
    assert set(NumberInsight.objects.values_list("kind", "status")) == {("hlr", "DELIVERED"), ("fraud", "PASSED")}
    assert (InboundMessage.objects.get().text, OptOut.objects.get().number) == ("STOP", "+12015550123")
    goals = sorted(SandboxGoal.objects.values_list("name", flat=True))
    assert goals == ["LINK_OPENED", "NUMBER_VERIFIED", "NUMBER_VERIFIED", "ORDER_SEEN"]
    for channel in ("push", "viber", "rcs", "flash", "p2s", "t2s", "sms", "voice"):
        assert f"\n  {channel} " in output
    fallback = output.partition(f"Received by {script['SMS_ONLY_PHONE']}")[2].split("\n")[1:]
    assert [line.split()[0] for line in fallback if line] == ["sms"]

    staff = get_user_model().objects.create_superuser("staff", password="x")
    client.force_login(staff)
    for message in Message.objects.all():
        assert client.get(f"/admin/lanck/message/{message.pk}/change/").status_code == 200
