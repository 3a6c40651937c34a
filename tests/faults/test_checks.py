"""The answer to a check is lost."""

from django_lanck import signals
from django_lanck.models import Verification
from django_lanck.services import reconcile
from tests.client.scripted import resets
from tests.helpers import wrong_code
from tests.live import post_receipt, refusal_in
from tests.parallel import call_concurrently


def test_fault_08_lost_answer_to_a_right_code_is_settled_by_the_same_code(
    lanck, proxy, people, record_signal, backdate
):
    """If the answer to a right code is lost, the same code verifies once, by `/verify/info`; other digits do not. If
    that call fails too, the verification stays pending."""
    verified = record_signal(signals.number_verified)

    def lose_a_right_check():
        someone = next(people)
        assert someone.start().status_code == 201
        sent = lanck.sent[-1]
        proxy.next_answers = [resets]
        lost = someone.check(sent.code)
        assert refusal_in(lost) == (503, "check_unknown")
        assert lost.json()["retry_after"] == int(lost.headers["Retry-After"]) > 0
        assert sent.verified_at is not None
        return someone, sent

    someone, sent = lose_a_right_check()
    assert refusal_in(someone.check(wrong_code(sent.code))) == (400, "invalid_code")
    assert someone.fetch()["status"] == "pending"
    # 8 are fewer than the lookups that are allowed in a minute.
    answers = call_concurrently(lambda number: someone.check(sent.code), 8, threads=8)
    proofs = [answer.json()["proof"] for answer in answers if answer.status_code == 200]
    others = {answer.json()["code"] for answer in answers if answer.status_code != 200}
    assert (len(answers), len(proofs), others) == (8, 1, {"already_verified"})
    assert sent.checks == [sent.code]
    assert [str(signal["verification"].pk) for signal in verified] == [someone.id]

    someone, sent = lose_a_right_check()
    backdate(Verification.objects.get(pk=someone.id), 400)
    for code in (sent.code, sent.code, wrong_code(sent.code)):
        proxy.next_answers = [resets]
        assert refusal_in(someone.check(code)) == (503, "check_unknown")
    assert reconcile().asked == 1
    assert post_receipt(sent, "DELIVERED", verifiedAt=1_700_000_000) == 204
    assert (someone.fetch()["status"], len(verified)) == ("pending", 1)
    assert someone.check(sent.code).json()["status"] == "verified"
    assert (sent.checks, len(verified)) == ([sent.code], 2)
