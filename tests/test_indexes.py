"""No statement of a start, a check, a resend or a receipt reads a whole table."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_lanck.models import Verification
from django_lanck.services import check_verification, redeem_proof, resend_verification, start_verification
from tests.services.test_start import statements


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="other databases plan by size; these tables are small")
def test_every_hot_statement_uses_an_index(lanck, phone, age):
    with CaptureQueriesContext(connection) as captured:
        verification = start_verification(number=phone)
        lanck.report(lanck.sent[-1], "SENT")
        age(verification, 31)
        resend_verification(verification_id=verification.pk)
        lanck.report(lanck.sent[-1], "DELIVERED")
        check_verification(verification_id=verification.pk, code="x")
        proof = check_verification(verification_id=verification.pk, code=lanck.sent[-1].code).proof
        redeem_proof(proof=proof)
    hot = [sql for sql in statements(captured) if sql.startswith(("SELECT", "UPDATE"))]
    assert len(hot) > 12
    with connection.cursor() as cursor:
        for sql in hot:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            plan = [row[3] for row in cursor.fetchall()]
            assert not [step for step in plan if step.startswith("SCAN")], (sql, plan)
    assert Verification.objects.get().state == "verified"
