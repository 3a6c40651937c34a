"""Verifications under random sequences of requests and faults, compared with a simple model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from django.test import override_settings
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from django_lanck import signals
from django_lanck.exceptions import Refusal
from django_lanck.models import Message, Verification
from django_lanck.models.status import RANKS, rank_of
from django_lanck.services import (
    cancel_verification,
    check_verification,
    redeem_proof,
    resend_verification,
    start_verification,
)
from django_lanck.testing import FakeLanck
from tests.helpers import wrong_code
from tests.hostile.state_model import ALLOWED, LIFETIME, PROOF_LIFETIME, WAITS, ModelMessage, ModelVerification

pytestmark = pytest.mark.django_db

NUMBER = "+12015550123"
# Sums of these are multiples of 20, so that they are at least ten seconds away from each expiry.
STEPS = st.sampled_from([60] * 6 + [400, 400, 2000])
METHODS = {"lanck": ["sms", "voice", "call"], "site": ["sms", "p2s", "flash", "push", "viber", "rcs", "failover"]}
STATUSES = st.sampled_from(
    ["SENT", "DELIVERED", "UNDELIVERED", "REJECTED", "ANSWERED", "BUFFERED", "accepted", "refused"]
)
TIMES = st.sampled_from([None, 1_700_000_000, 1_700_000_001])
FAULTS = st.sampled_from([""] * 6 + ["lost", "refused", "busy", "invalid"])
CHECK_FAULTS = st.sampled_from(["", "", "", "refused", "busy", "invalid"])
SOURCES = st.sampled_from(["lanck", "site"])
CODES = st.sampled_from(["right", "right", "wrong", "previous", "lost", "none"])
NEXT_CODES = st.sampled_from(["", "previous", "lost", "wrong", "right"])  # of a check right after another action
TERMINAL = {"verified": "already_verified", "expired": "expired", "exhausted": "exhausted", "canceled": "canceled"}


class VerificationMachine(RuleBasedStateMachine):
    """Random actions on several verifications of one number. Each rule updates the model; invariants compare it."""

    lanck: ClassVar[FakeLanck]
    age: ClassVar[Callable[[Verification, float], None]]

    def __init__(self) -> None:
        super().__init__()
        self.lanck.reset()
        self.cases: list[ModelVerification] = []
        self.posts = 0
        self.verified: list[Any] = []
        self.failed: list[tuple[Any, str]] = []
        self.changed: list[tuple[int, str, str]] = []
        self.receivers = [
            (signals.number_verified, lambda sender, verification, **_: self.verified.append(verification.pk)),
            (signals.verification_failed, lambda sender, verification, reason, **_: self.fail(verification, reason)),
        ]
        for signal, receiver in self.receivers:
            signal.connect(receiver, weak=False)

    def fail(self, verification: Verification, reason: str) -> None:
        self.failed.append((verification.pk, reason))

    def change(self, sender: object, message: Message, old_status: str, new_status: str, **_: object) -> None:
        self.changed.append((message.pk, old_status, new_status))

    def teardown(self) -> None:
        for signal, receiver in self.receivers:
            signal.disconnect(receiver)
        Verification.objects.all().delete()

    @property
    def pending(self) -> list[ModelVerification]:
        return [case for case in self.cases if case.state == "pending" and not case.is_expired]

    def draw_verification(self, data: st.DataObject) -> ModelVerification:
        """Draw a verification, mostly a pending one."""
        if not self.pending:
            self.start(data.draw(SOURCES), "", data)
        late = [case for case in self.cases if case.is_expired]
        return data.draw(st.sampled_from(self.pending * 4 + late * 2 + self.cases))

    def fault(self, name: str) -> None:
        if name == "lost":
            self.lanck.lose_answer()
        elif name == "refused":
            self.lanck.refuse(9)
        elif name == "busy":
            self.lanck.refuse(4, http_status=429)
        elif name == "invalid":
            self.lanck.answer({"message": "what?"}, http_status=502)

    def send_message(self, case: ModelVerification, fault: str, send: Callable[[], Verification]) -> bool:
        """Call a start or resend that sends one message; return False if it is refused."""
        sent_before, requests_before = len(self.lanck.sent), len(self.lanck.requests)
        self.fault(fault)
        if fault in ("refused", "busy"):
            with pytest.raises(Refusal, match="unavailable"):
                send()
        else:
            send()
        assert len(self.lanck.requests) == requests_before + 1
        self.posts += 1
        message = Message.objects.order_by("-pk")[0]
        case.pk = case.pk or message.verification_id
        sent = self.lanck.sent[-1] if len(self.lanck.sent) > sent_before else None
        status = {"": "accepted", "lost": "unknown", "invalid": "unknown"}.get(fault, "refused")
        message = ModelMessage(message.pk, sent, known=not fault, statuses=[(RANKS[status], 0, status)])
        case.messages.append(message)
        return status != "refused"

    @initialize(with_receiver=st.booleans(), source=SOURCES, fault=FAULTS, data=st.data())
    def begin(self, with_receiver: bool, source: str, fault: str, data: st.DataObject) -> None:
        """Start the first verification. Receipts take fewer statements without a receiver."""
        self.with_receiver = with_receiver
        if with_receiver:
            self.receivers.append((signals.message_status_changed, self.change))
            signals.message_status_changed.connect(self.change)
        self.start(source, fault, data)

    @precondition(lambda self: len(self.pending) < 2)
    @rule(source=SOURCES, fault=FAULTS, data=st.data())
    def start(self, source: str, fault: str, data: st.DataObject) -> None:
        method = data.draw(st.sampled_from(METHODS[source]))
        case = ModelVerification(None, source)
        self.cases.append(case)
        if not self.send_message(
            case, fault, lambda: start_verification(number=NUMBER, method=method, code_source=source)
        ):
            case.state = "canceled"

    @rule(wait_first=st.sampled_from([True, True, False]), fault=FAULTS, next_code=NEXT_CODES, data=st.data())
    def resend(self, wait_first: bool, fault: str, next_code: str, data: st.DataObject) -> None:
        if wait_first:
            self.pass_time(60)
        case = self.draw_verification(data)
        method = data.draw(st.sampled_from(METHODS[case.source]))
        reason = TERMINAL.get("expired" if case.is_expired else case.state)
        if reason is None and case.attempts == ALLOWED:
            reason = "exhausted"
        if reason is None and (case.resend_at is None or case.age < case.resend_at):
            reason = "resend_too_soon"

        def send() -> Verification:
            return resend_verification(verification_id=case.pk, method=method)

        if reason is not None:
            with self.no_requests(), pytest.raises(Refusal) as refused:
                send()
            assert refused.value.code == reason
        elif self.send_message(case, fault, send):
            case.resends += 1
            case.expires = case.age + LIFETIME
            case.resend_at = case.age + WAITS[case.resends] if case.resends < len(WAITS) else None
        if next_code:
            self.check_code(case, next_code, "")

    @rule(which=CODES, fault=CHECK_FAULTS, next_code=NEXT_CODES, data=st.data())
    def check(self, which: str, fault: str, next_code: str, data: st.DataObject) -> None:
        case = self.draw_verification(data)
        self.check_code(case, which, fault)
        if next_code:
            self.check_code(case, next_code, "")

    @precondition(lambda self: self.resent)
    @rule(data=st.data())
    def check_previous_code(self, data: st.DataObject) -> None:
        self.check_code(data.draw(st.sampled_from(self.resent)), "previous", "")

    @property
    def resent(self) -> list[ModelVerification]:
        return [case for case in self.pending if case.attempts < ALLOWED and len(case.messages) > 1]

    @precondition(lambda self: self.checked_by_lanck)
    @rule(
        which=st.sampled_from(["right", "wrong"]), next_code=st.sampled_from(["lost", "wrong", "right"]), data=st.data()
    )
    def check_with_lost_answer(self, which: str, next_code: str, data: st.DataObject) -> None:
        case = data.draw(st.sampled_from(self.checked_by_lanck))
        self.check_code(case, which, "lost")
        if next_code:
            self.check_code(case, next_code, "")

    @property
    def checked_by_lanck(self) -> list[ModelVerification]:
        """The verifications whose code would be checked by LANCK."""
        known = [
            case
            for case in self.pending
            if case.source == "lanck" and case.valid_messages and case.valid_messages[0].known
        ]
        return [case for case in known if case.attempts < ALLOWED]

    def check_code(self, case: ModelVerification, which: str, fault: str) -> None:
        digits = self.digits(case, which)
        if case.is_expired or case.state != "pending":
            with self.no_requests():
                result = check_verification(verification_id=case.pk, code=digits)
            assert (result.proof, result.refusal) == (None, TERMINAL["expired" if case.is_expired else case.state])
            case.state = "expired" if case.is_expired else case.state
        elif case.source == "site":
            self.check_site_code(case, digits)
        else:
            self.check_lanck_code(case, digits, fault)

    def digits(self, case: ModelVerification, which: str) -> str:
        messages = [message for message in case.messages if not message.refused]
        if which == "none" or not messages:
            return "12345"
        if which == "previous" and messages[0].code:
            return messages[0].code
        lost = sorted(messages[-1].lost)
        if which == "lost" and lost:
            return lost[0]
        code = messages[-1].code or "123456"
        return wrong_code(code) if which == "wrong" else code

    def check_site_code(self, case: ModelVerification, digits: str) -> None:
        """Check the site's code, whose result is certain."""
        right = digits in [message.code for message in case.valid_messages if message.sent]
        if len(digits) == 6 and case.attempts < ALLOWED:
            case.attempts += 1
            expected = None if right else self.fail_once(case)
        else:
            expected = "invalid_code" if case.attempts < ALLOWED else "exhausted"
        with self.no_requests():
            result = check_verification(verification_id=case.pk, code=digits)
        assert (result.refusal, bool(result.proof)) == (expected, expected is None)
        self.succeed(case, result.proof)

    def fail_once(self, case: ModelVerification) -> str:
        case.failures += 1
        if case.failures < ALLOWED:
            return "invalid_code"
        case.state = "exhausted"
        return "exhausted"

    def check_lanck_code(self, case: ModelVerification, digits: str, fault: str) -> None:
        """Check LANCK's code, with or without a fault."""
        message = case.valid_messages[0] if case.valid_messages else None
        had, requests_before = len(message.sent.checks) if message and message.sent else 0, len(self.lanck.requests)
        lost = set(message.lost) if message else set()
        found_right = bool(message and message.sent and message.sent.verified_at)
        self.fault(fault)
        result = check_verification(verification_id=case.pk, code=digits)
        outcome, proof = result.refusal, result.proof
        requests, self.lanck._faults = self.lanck.requests[requests_before:], []
        assert not [request for request in requests if request not in ("POST /verify/check", "POST /verify/info")]
        assert requests.count("POST /verify/check") <= 1
        spent = case.row.attempts - case.attempts
        assert 0 <= spent <= 1
        right = bool(message and message.sent and message.sent.code == digits)
        compared = len(message.sent.checks) - had if message and message.sent else 0
        assert compared <= spent  # an attempt is spent before a code is compared
        if not message or not message.known:
            assert (requests, spent) == ([], 0)
            assert outcome in ("outcome_unknown", "invalid_code", "exhausted")
        elif not lost:
            self.assert_certain_result(case, message, digits, fault, outcome, spent, right)
        elif not fault:
            if right and lost == {digits} and found_right:
                assert (outcome, spent) == (None, 0)  # LANCK confirmed it in an answer that was lost
            # Only the digits whose answer was lost are settled without an attempt.
            assert spent == 1 or digits in lost or case.attempts == ALLOWED or len(digits) != 6
        if outcome == "check_unknown" and message and "POST /verify/check" in requests:
            message.lost.add(digits)
        case.attempts += spent
        if outcome == "exhausted" and case.row.state == "exhausted":
            assert spent == 1
            case.state = "exhausted"
        assert not proof or (right and (spent or digits in lost))
        self.succeed(case, proof)

    def assert_certain_result(
        self,
        case: ModelVerification,
        message: ModelMessage,
        digits: str,
        fault: str,
        outcome: str | None,
        spent: int,
        right: bool,
    ) -> None:
        """Assert the result of a check of a message without lost checks, which is certain."""
        if len(digits) != 6:
            assert (outcome, spent) == ("invalid_code" if case.attempts < ALLOWED else "exhausted", 0)
        elif case.attempts == ALLOWED:
            assert (outcome, spent) == ("exhausted", 0)
        elif not fault:
            expected = None if right else self.fail_once(case)
            assert (outcome, spent) == (expected, 1)
        elif fault == "busy":
            assert (outcome, spent) == ("unavailable", 0)
        else:
            assert (outcome, spent) == ("unavailable" if fault == "refused" else "check_unknown", 1)

    def succeed(self, case: ModelVerification, proof: str | None) -> None:
        if proof:
            case.state, case.proof, case.proved_at = "verified", proof, case.age

    @rule(status=STATUSES, at=TIMES, again=st.booleans(), data=st.data())
    def receipt(self, status: str, at: int | None, again: bool, data: st.DataObject) -> None:
        messages = [message for case in self.cases for message in case.messages if message.sent]
        if not messages:
            return
        message = data.draw(st.sampled_from(messages))
        sent, old = message.sent, message.status
        assert sent is not None
        for _ in range(1 + again):
            before = len(self.changed)
            assert self.lanck.report(sent, status, timestamp=at).status_code == 204
            message.known = True
            message.statuses.append((rank_of(status), at or 0, status))
            is_change = self.with_receiver and message.status != old
            expected = [(message.pk, old, message.status)] if is_change else []
            assert self.changed[before:] == expected
            old = message.status

    @precondition(lambda self: len(self.cases) > 2)  # otherwise too many are canceled early
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        case = self.draw_verification(data)
        with self.no_requests():
            if case.state == "verified":
                with pytest.raises(Refusal, match="already_verified"):
                    cancel_verification(verification_id=case.pk)
                return
            cancel_verification(verification_id=case.pk)
        # An expired verification can be canceled, without a signal.
        case.state = "canceled" if case.state == "pending" else case.state

    @precondition(lambda self: any(case.proof for case in self.cases))
    @rule(data=st.data())
    def redeem(self, data: st.DataObject) -> None:
        case = data.draw(st.sampled_from([case for case in self.cases if case.proof]))
        valid = not case.redeemed and case.age - case.proved_at < PROOF_LIFETIME
        if valid:
            assert redeem_proof(proof=case.proof) == NUMBER
            case.redeemed = True
        else:
            with pytest.raises(Refusal, match="invalid_proof"):
                redeem_proof(proof=case.proof)

    @rule(seconds=STEPS)
    def pass_time(self, seconds: int) -> None:
        for case in self.cases:
            VerificationMachine.age(case.row, seconds)
            case.age += seconds

    def no_requests(self):
        return _NoRequests(self.lanck)

    @invariant()
    def rows_equal_the_model(self) -> None:
        rows = Verification.objects.in_bulk()
        assert set(rows) == {case.pk for case in self.cases}
        for case in self.cases:
            row = rows[case.pk]
            assert (row.state, row.attempts, row.resends) == (case.state, case.attempts, case.resends)
            assert row.failures <= row.attempts <= ALLOWED
            assert (row.proof_redeemed_at is not None) == case.redeemed
            assert sum(len(message.sent.checks) for message in case.messages if message.sent) <= ALLOWED

    @invariant()
    def signals_are_sent_once(self) -> None:
        assert sorted(self.verified) == sorted(case.pk for case in self.cases if case.state == "verified")
        ended = [(case.pk, case.state) for case in self.cases if case.state in ("expired", "exhausted")]
        assert sorted(self.failed) == sorted(ended)

    @invariant()
    def messages_are_sent_once_and_have_the_highest_status(self) -> None:
        messages = [message for case in self.cases for message in case.messages]
        assert Message.objects.count() == len(messages) == self.posts
        assert len(self.lanck.sent) == sum(message.sent is not None for message in messages)
        stored = dict(Message.objects.values_list("pk", "status"))
        assert stored == {message.pk: message.status for message in messages}


class _NoRequests:
    def __init__(self, lanck: FakeLanck) -> None:
        self.lanck = lanck

    def __enter__(self) -> None:
        self.before = len(self.lanck.requests)

    def __exit__(self, *error: object) -> None:
        assert len(self.lanck.requests) == self.before


@pytest.mark.parametrize("examples", [15, pytest.param(60, marks=pytest.mark.slow)])
def test_random_actions_keep_all_invariants(lanck, backdate, examples):
    """Attempts do not exceed the maximum. Only the right code of the newest accepted message verifies, before expiry,
    and its proof is redeemed once. The status of a message does not go down, signals are sent once, terminal states
    stay, and a call of unknown outcome is not repeated: there are as many POSTs as messages."""
    VerificationMachine.lanck, VerificationMachine.age = lanck, staticmethod(backdate)
    rules = {
        "MAX_ATTEMPTS": ALLOWED,
        "CODE_LIFETIME": LIFETIME,
        "PROOF_LIFETIME": PROOF_LIFETIME,
        "RESEND_WAITS": WAITS,
    }
    bounds = settings(
        max_examples=examples,
        stateful_step_count=30,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],  # shrinking a failure takes minutes
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    with override_settings(LANCK={**lanck.settings, **rules}):
        run_state_machine_as_test(VerificationMachine, settings=bounds)
