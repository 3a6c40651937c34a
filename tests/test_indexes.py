"""The statements of the services use indexes: none of them scans a table."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_lanck.models import Verification
from django_lanck.services import (
    check_fraud,
    check_verification,
    forget_number,
    lift_opt_out,
    look_up,
    opt_out,
    prune,
    reconcile,
    redeem_proof,
    resend_verification,
    send_sms,
    start_verification,
)
from tests.helpers import statements


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="other databases plan by size; these tables are small")
def test_start_resend_check_and_receipt_use_indexes(enable_limits, lanck, phone):
    enable_limits(RESEND_WAITS=[0, 0])
    with CaptureQueriesContext(connection) as captured:
        verification = start_verification(number=phone, ip="8.8.8.8", binding="")
        lanck.report(lanck.sent[-1], "SENT")
        resend_verification(verification_id=verification.pk)
        lanck.report(lanck.sent[-1], "DELIVERED")
        check_verification(verification_id=verification.pk, code="x")
        proof = check_verification(verification_id=verification.pk, code=lanck.sent[-1].code).proof
        redeem_proof(proof=proof)
    assert count_indexed(captured) > 15
    assert Verification.objects.get().state == "verified"


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="other databases plan by size; these tables are small")
def test_messages_insights_opt_outs_and_reconciliation_use_indexes(lanck, phone, client, settings):
    settings.LANCK = {**lanck.settings, "BACKGROUND_RATE": 1000}
    with CaptureQueriesContext(connection) as captured:
        send_sms(number=phone, text="{link}", link="https://example.com", category="marketing")
        client.get(lanck.sent[-1].text.removeprefix("http://testserver"))
        lanck.report(lanck.sent[-1], "SENT")
        verification = start_verification(number=phone, code_source="site")
        check_verification(verification_id=verification.pk, code="000000")
        check_verification(verification_id=verification.pk, code=lanck.sent[-1].code)
        lanck.inbound(phone, "STOP")
        look_up(number=phone)
        check_fraud(number=phone)
        opt_out(number=phone)
        lift_opt_out(number=phone)
        reconcile()
    assert count_indexed(captured) > 20


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="other databases plan by size; these tables are small")
def test_forget_and_prune_use_indexes(lanck, phone, backdate):
    for number in (phone, "+12015550187"):
        backdate(start_verification(number=number), 400 * 86_400)
        lanck.report(lanck.sent[-1], "SENT")
        lanck.inbound(number, "STOP")
        look_up(number=number)
    with CaptureQueriesContext(connection) as captured:
        assert forget_number(number=phone).messages == 1
        assert prune().verifications == 2
    assert count_indexed(captured) > 30


def count_indexed(captured) -> int:
    """Return how many statements read or change rows, and fail for one that scans a table."""
    relevant = [sql for sql in statements(captured) if sql.startswith(("SELECT", "UPDATE"))]
    with connection.cursor() as cursor:
        for sql in relevant:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            plan = [row[3] for row in cursor.fetchall()]
            assert not [step for step in plan if step.startswith("SCAN")], (sql, plan)
    return len(relevant)
