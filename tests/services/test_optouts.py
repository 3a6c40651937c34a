"""Opting numbers out of marketing, and lifting opt-outs."""

import pytest
from django.utils import timezone

from django_lanck.exceptions import Refusal
from django_lanck.models import InboundMessage, OptOut
from django_lanck.services import lift_opt_out, opt_out, send_sms

pytestmark = pytest.mark.django_db


def test_opt_out_refuses_marketing_until_it_is_lifted(lanck, phone):
    assert opt_out(number="+1 (201) 555-0123") is True
    with pytest.raises(Refusal, match="opted_out"):
        send_sms(number=phone, text="Buy", category="marketing")
    assert lift_opt_out(number="001 201 555 0123") is True
    assert lift_opt_out(number=phone) is False
    assert OptOut.objects.standing().count() == 0
    assert opt_out(number=phone) is True
    assert OptOut.objects.get().lifted_at is None


def test_active_opt_out_keeps_its_time_and_inbound_message(phone):
    inbound = InboundMessage.objects.create(message_id="1", sender=phone, recipient="+1", text="STOP")
    before = OptOut.objects.create(number=phone, inbound=inbound, opted_out_at=timezone.now())
    assert opt_out(number=phone) is False
    after = OptOut.objects.get()
    assert (after.opted_out_at, after.inbound) == (before.opted_out_at, inbound)


def test_stored_number_that_does_not_parse_can_be_lifted_and_opted_out():
    OptOut.objects.record("+447700900000")
    assert lift_opt_out(number="+447700900000") is True
    assert opt_out(number="+447700900000") is True


@pytest.mark.parametrize("change", [opt_out, lift_opt_out])
@pytest.mark.parametrize("number", ["hello", "", "+1201\x005550123", "+1201\ud8005550123"])
def test_invalid_number_is_refused(change, number):
    with pytest.raises(Refusal, match="invalid_number"):
        change(number=number)
    assert not OptOut.objects.exists()
