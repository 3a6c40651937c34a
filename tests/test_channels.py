"""The registry of channels: each module that lists channels derives its list from it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from django_lanck import channels
from django_lanck.channels import LANCK_CODE_CHANNELS, SITE_CODE_CHANNELS, Channel, channel_spec
from django_lanck.client import CONTENT_CLASSES, TEXT_TYPES

ROOT = Path(channels.__file__).parent.parent
ROW = '    SIGNAL = "signal", ChannelSpec(site_code=8, lanck_code=True, takes_language=True), "Signal message"\n'
CONTENT = """
from dataclasses import dataclass
from django_lanck.client import content

@dataclass(frozen=True)
class Signal(content.Text):
    channel = "signal"
    path = "/messaging/signal"
    title: str | None = None

content.CONTENT_CLASSES["signal"] = content.TEXT_TYPES["signal"] = Signal
"""


@pytest.mark.parametrize("channel", Channel)
def test_every_channel_has_a_content_class_or_carries_lancks_codes(channel):
    assert channel in CONTENT_CLASSES or channel.spec.lanck_code


@pytest.mark.parametrize("channel", CONTENT_CLASSES)
def test_registry_agrees_with_the_fields_of_the_content_class(channel):
    kind, spec = CONTENT_CLASSES[channel], channel_spec(channel)
    names = {field.name for field in fields(kind)}
    assert kind.channel == channel
    assert spec.code_only == ("code" in names)
    if "language" in names:
        assert spec.takes_language
    if channel in TEXT_TYPES:
        assert not spec.rings


@pytest.mark.parametrize("channel", SITE_CODE_CHANNELS)
def test_every_channel_of_the_sites_codes_has_a_content_class(channel):
    assert channel in CONTENT_CLASSES


def test_order_of_the_channels_for_codes_is_the_order_of_the_documented_defaults():
    assert LANCK_CODE_CHANNELS == ("sms", "voice", "call")
    assert SITE_CODE_CHANNELS == ("sms", "p2s", "flash", "push", "viber", "rcs", "failover")


def test_channel_that_is_not_in_the_registry_has_neutral_properties():
    spec = channel_spec("pigeon")
    assert not (spec.rings or spec.lanck_code or spec.site_code or spec.code_is_caller)


def test_channel_added_as_a_row_is_known_to_pages_admin_settings_checks_and_command():
    """The row is added to the source of the registry in a process of its own, as an engineer adds it to the file."""
    registry = ROOT / "django_lanck" / "channels.py"
    source = registry.read_text()
    changed = source.replace("\n\nLANCK_CODE_CHANNELS", f"{ROW}\n\nLANCK_CODE_CHANNELS", 1)
    assert changed != source
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, changed, CONTENT],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (ran.returncode, ran.stdout) == (0, "known everywhere\n"), ran.stderr


PROGRAM = """
import os
import sys
import types

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
import django_lanck

module = types.ModuleType("django_lanck.channels")
sys.modules["django_lanck.channels"] = django_lanck.channels = module
exec(sys.argv[1], module.__dict__)
exec(sys.argv[2])

import django

django.setup()

from django.core.management import load_command_class
from django.test import override_settings

from django_lanck.admin.labels import channel_name, channel_noun
from django_lanck.api.staff_serializers import MessageFilters
from django_lanck.checks import check_settings
from django_lanck.conf import conf
from django_lanck.models import Channel, Message, Verification
from django_lanck.services.verifications.codes import code_content
from django_lanck.testing.fake import CHANNELS
from django_lanck.web import texts
from django_lanck.web.forms import MethodForm

assert ("signal", "Signal message") in Message._meta.get_field("channel").choices
assert channel_name("signal") == channel_noun("signal") == "Signal message"
assert "signal" in MessageFilters().fields["channel"].choices
assert "signal" in conf.profile("signup").methods
assert "signal" in conf.profile("signup").channels

flow = [["signal", 30, "delivered"], ["sms"]]
with override_settings(LANCK={**conf.raw, "METHODS": ["signal"], "CHANNELS": ["signal"], "CODE_FLOW": flow}):
    assert not {"django_lanck.E015", "django_lanck.E022"} & {found.id for found in check_settings()}
    assert code_content("failover", "123456", "en").parameters()["flow"][0]["type"] == "signal"
    form = MethodForm(profile=conf.profile("signup"))
    assert form.fields["method"].choices == [("signal", "Message")]
assert "123456" in code_content("signal", "123456", "en").text

verification = Verification(method="signal", code_length=6, number="+12015550123")
verification.newest_message = Message(channel="signal", status="UNDELIVERED")
assert "6 digits" in texts.instruction(verification)
assert texts.delivery_text(verification) == ("bad", "We could not deliver the message.")

parser = load_command_class("django_lanck", "lanck_send").create_parser("manage.py", "lanck_send")
options = parser.parse_args(["signal", "+12015550123", "Hi", "--title", "T"])
assert (options.channel, options.text, options.title) == ("signal", "Hi", "T")
assert CHANNELS["/messaging/signal"] == "signal"
print("known everywhere")
"""
