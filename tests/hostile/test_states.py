"""Everything that can happen to verifications, in any order, against a simple model of what must hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
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
from django_lanck.models.status import RANKS, Status, rank_of
from django_lanck.services import (
    cancel_verification,
    check_verification,
    redeem_proof,
    resend_verification,
    start_verification,
)
from django_lanck.testing import FakeLanck, Sent
from tests.helpers import wrong_code

pytestmark = pytest.mark.django_db

NUMBER = "+12015550123"
ALLOWED, LIFETIME, PROOF_LIFETIME, WAITS = 2, 990, 890, (30, 30, 30)
# Sums of these are multiples of 20, and so at least ten seconds away from every time that ends something.
STEPS = st.sampled_from([60] * 6 + [400, 400, 2000])
METHODS = {"lanck": ["sms", "voice", "call"], "site": ["sms", "p2s", "flash", "push", "viber", "rcs", "failover"]}
WORDS = st.sampled_from(["SENT", "DELIVERED", "UNDELIVERED", "REJECTED", "ANSWERED", "BUFFERED", "accepted", "refused"])
TIMES = st.sampled_from([None, 1_700_000_000, 1_700_000_001])
FAULTS = st.sampled_from([""] * 6 + ["lost", "refused", "busy", "odd"])
CHECK_FAULTS = st.sampled_from(["", "", "", "refused", "busy", "odd"])
SOURCES = st.sampled_from(["lanck", "site"])
GUESSES = st.sampled_from(["right", "right", "wrong", "former", "doubted", "none"])
THEN = st.sampled_from(["", "former", "doubted", "wrong", "right"])  # at once after what makes it interesting
TERMINAL = {"verified": "already_verified", "expired": "expired", "exhausted": "exhausted", "canceled": "canceled"}


@dataclass
class Letter:
    """One message: what LANCK has of it, and every word that was said about it: rank, time, word."""

    pk: int
    sent: Sent | None
    known: bool
    said: list[tuple[int, float, str]] = field(default_factory=list)
    doubted: set[str] = field(default_factory=set)

    @property
    def status(self) -> str:
        return max(self.said)[2]

    @property
    def refused(self) -> bool:
        return self.said[0][2] == Status.REFUSED

    @property
    def code(self) -> str:
        return self.sent.code if self.sent else ""


@dataclass
class Case:
    """One verification, as it should be."""

    pk: Any
    source: str
    letters: list[Letter] = field(default_factory=list)
    state: str = "pending"
    attempts: int = 0
    failures: int = 0
    resends: int = 0
    age: int = 0
    expires: int = LIFETIME
    resend_at: int | None = WAITS[0]
    proof: str = ""
    proved_at: int = 0
    redeemed: bool = False

    @property
    def row(self) -> Verification:
        return Verification.objects.get(pk=self.pk)

    @property
    def over(self) -> bool:
        return self.state == "pending" and self.age >= self.expires

    @property
    def counting(self) -> list[Letter]:
        """The messages whose code is right: the newest that LANCK took, and newer ones that it perhaps took."""
        found = []
        for letter in reversed(self.letters):
            if not letter.refused:
                found.append(letter)
            if max(letter.said)[0] > RANKS["unknown"]:
                break
        return found if self.source == "site" else found[:1]


class Lives(RuleBasedStateMachine):
    """Several verifications of one number, one LANCK. What a rule knows is in its case; the rest is asked for below."""

    lanck: ClassVar[FakeLanck]
    age: ClassVar[Callable[[Verification, float], None]]

    def __init__(self) -> None:
        super().__init__()
        self.lanck.reset()
        self.cases: list[Case] = []
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
    def pending(self) -> list[Case]:
        return [case for case in self.cases if case.state == "pending" and not case.over]

    def some_case(self, data: st.DataObject) -> Case:
        """Mostly one in which something can still happen."""
        if not self.pending:
            self.start(data.draw(SOURCES), "", data)
        late = [case for case in self.cases if case.over]
        return data.draw(st.sampled_from(self.pending * 4 + late * 2 + self.cases))

    def fault(self, name: str) -> None:
        if name == "lost":
            self.lanck.lose_answer()
        elif name == "refused":
            self.lanck.refuse(9)
        elif name == "busy":
            self.lanck.refuse(4, http_status=429)
        elif name == "odd":
            self.lanck.answer({"message": "what?"}, http_status=502)

    def sends(self, case: Case, fault: str, send: Callable[[], Verification]) -> bool:
        """Let a start or resend send one message; whether LANCK took it, perhaps."""
        outbox, asked = len(self.lanck.sent), len(self.lanck.requests)
        self.fault(fault)
        if fault in ("refused", "busy"):
            with pytest.raises(Refusal, match="unavailable"):
                send()
        else:
            send()
        assert len(self.lanck.requests) == asked + 1
        self.posts += 1
        message = Message.objects.order_by("-pk")[0]
        case.pk = case.pk or message.verification_id
        taken = self.lanck.sent[-1] if len(self.lanck.sent) > outbox else None
        word = {"": "accepted", "lost": "unknown", "odd": "unknown"}.get(fault, "refused")
        letter = Letter(message.pk, taken, known=not fault, said=[(RANKS[word], 0, word)])
        case.letters.append(letter)
        return word != "refused"

    @initialize(listening=st.booleans(), source=SOURCES, fault=FAULTS, data=st.data())
    def begin(self, listening: bool, source: str, fault: str, data: st.DataObject) -> None:
        """Receipts take a shorter way where nobody listens."""
        self.listening = listening
        if listening:
            self.receivers.append((signals.message_status_changed, self.change))
            signals.message_status_changed.connect(self.change)
        self.start(source, fault, data)

    @precondition(lambda self: len(self.pending) < 2)
    @rule(source=SOURCES, fault=FAULTS, data=st.data())
    def start(self, source: str, fault: str, data: st.DataObject) -> None:
        method = data.draw(st.sampled_from(METHODS[source]))
        case = Case(None, source)
        self.cases.append(case)
        if not self.sends(case, fault, lambda: start_verification(number=NUMBER, method=method, code_source=source)):
            case.state = "canceled"

    @rule(patient=st.sampled_from([True, True, False]), fault=FAULTS, then=THEN, data=st.data())
    def resend(self, patient: bool, fault: str, then: str, data: st.DataObject) -> None:
        if patient:
            self.clock(60)
        case = self.some_case(data)
        method = data.draw(st.sampled_from(METHODS[case.source]))
        reason = TERMINAL.get("expired" if case.over else case.state)
        if reason is None and case.attempts == ALLOWED:
            reason = "exhausted"
        if reason is None and (case.resend_at is None or case.age < case.resend_at):
            reason = "resend_too_soon"

        def send() -> Verification:
            return resend_verification(verification_id=case.pk, method=method)

        if reason is not None:
            with self.nothing_asked(), pytest.raises(Refusal) as refused:
                send()
            assert refused.value.code == reason
        elif self.sends(case, fault, send):
            case.resends += 1
            case.expires = case.age + LIFETIME
            case.resend_at = case.age + WAITS[case.resends] if case.resends < len(WAITS) else None
        if then:
            self.check_one(case, then, "")

    @rule(guess=GUESSES, fault=CHECK_FAULTS, then=THEN, data=st.data())
    def check(self, guess: str, fault: str, then: str, data: st.DataObject) -> None:
        case = self.some_case(data)
        self.check_one(case, guess, fault)
        if then:
            self.check_one(case, then, "")

    @precondition(lambda self: self.resent)
    @rule(data=st.data())
    def check_former(self, data: st.DataObject) -> None:
        self.check_one(data.draw(st.sampled_from(self.resent)), "former", "")

    @property
    def resent(self) -> list[Case]:
        return [case for case in self.pending if case.attempts < ALLOWED and len(case.letters) > 1]

    @precondition(lambda self: self.asking)
    @rule(
        guess=st.sampled_from(["right", "wrong"]), then=st.sampled_from(["doubted", "wrong", "right"]), data=st.data()
    )
    def check_whose_answer_is_lost(self, guess: str, then: str, data: st.DataObject) -> None:
        case = data.draw(st.sampled_from(self.asking))
        self.check_one(case, guess, "lost")
        if then:
            self.check_one(case, then, "")

    @property
    def asking(self) -> list[Case]:
        """Those of whose code LANCK would be asked."""
        known = [case for case in self.pending if case.source == "lanck" and case.counting and case.counting[0].known]
        return [case for case in known if case.attempts < ALLOWED]

    def check_one(self, case: Case, guess: str, fault: str) -> None:
        digits = self.digits(case, guess)
        if case.over or case.state != "pending":
            with self.nothing_asked():
                result = check_verification(verification_id=case.pk, code=digits)
            assert (result.proof, result.refusal) == (None, TERMINAL["expired" if case.over else case.state])
            case.state = "expired" if case.over else case.state
        elif case.source == "site":
            self.check_own(case, digits)
        else:
            self.check_lancks(case, digits, fault)

    def digits(self, case: Case, guess: str) -> str:
        letters = [letter for letter in case.letters if not letter.refused]
        if guess == "none" or not letters:
            return "12345"
        if guess == "former" and letters[0].code:
            return letters[0].code
        doubted = sorted(letters[-1].doubted)
        if guess == "doubted" and doubted:
            return doubted[0]
        code = letters[-1].code or "123456"
        return wrong_code(code) if guess == "wrong" else code

    def check_own(self, case: Case, digits: str) -> None:
        """Nobody is asked, so everything is known."""
        right = digits in [letter.code for letter in case.counting if letter.sent]
        if len(digits) == 6 and case.attempts < ALLOWED:
            case.attempts += 1
            expected = None if right else self.one_failure(case)
        else:
            expected = "invalid_code" if case.attempts < ALLOWED else "exhausted"
        with self.nothing_asked():
            result = check_verification(verification_id=case.pk, code=digits)
        assert (result.refusal, bool(result.proof)) == (expected, expected is None)
        self.succeed(case, result.proof)

    def one_failure(self, case: Case) -> str:
        case.failures += 1
        if case.failures < ALLOWED:
            return "invalid_code"
        case.state = "exhausted"
        return "exhausted"

    def check_lancks(self, case: Case, digits: str, fault: str) -> None:
        """LANCK compares. What it may find, and what each answer may cost."""
        letter = case.counting[0] if case.counting else None
        had, asked = len(letter.sent.checks) if letter and letter.sent else 0, len(self.lanck.requests)
        doubted = set(letter.doubted) if letter else set()
        found_right = bool(letter and letter.sent and letter.sent.verified_at)
        self.fault(fault)
        try:
            result = check_verification(verification_id=case.pk, code=digits)
            outcome, proof = result.refusal, result.proof
        except Refusal as refusal:
            outcome, proof = refusal.code, None
        requests, self.lanck._faults = self.lanck.requests[asked:], []
        assert not [request for request in requests if request not in ("POST /verify/check", "POST /verify/info")]
        assert requests.count("POST /verify/check") <= 1
        spent = case.row.attempts - case.attempts
        assert 0 <= spent <= 1
        right = bool(letter and letter.sent and letter.sent.code == digits)
        compared = len(letter.sent.checks) - had if letter and letter.sent else 0
        assert compared <= spent  # paid for before anything is compared
        if not letter or not letter.known:
            assert (requests, spent) == ([], 0)
            assert outcome in ("outcome_unknown", "invalid_code", "exhausted")
        elif not doubted:
            self.plain_check(case, letter, digits, fault, outcome, spent, right)
        elif not fault:
            if right and doubted == {digits} and found_right:
                assert (outcome, spent) == (None, 0)  # LANCK said so before, and the answer was lost
            # Only the digits whose answer was lost are settled without an attempt.
            assert spent == 1 or digits in doubted or case.attempts == ALLOWED or len(digits) != 6
        if outcome == "check_unknown" and letter and "POST /verify/check" in requests:
            letter.doubted.add(digits)
        case.attempts += spent
        if outcome == "exhausted" and case.row.state == "exhausted":
            assert spent == 1
            case.state = "exhausted"
        assert not proof or (right and (spent or digits in doubted))
        self.succeed(case, proof)

    def plain_check(
        self, case: Case, letter: Letter, digits: str, fault: str, outcome: str | None, spent: int, right: bool
    ) -> None:
        """A check of a message of which no answer was lost before: its end is sure."""
        if len(digits) != 6:
            assert (outcome, spent) == ("invalid_code" if case.attempts < ALLOWED else "exhausted", 0)
        elif case.attempts == ALLOWED:
            assert (outcome, spent) == ("exhausted", 0)
        elif not fault:
            expected = None if right else self.one_failure(case)
            assert (outcome, spent) == (expected, 1)
        elif fault == "busy":
            assert (outcome, spent) == ("unavailable", 0)
        else:
            assert (outcome, spent) == ("unavailable" if fault == "refused" else "check_unknown", 1)

    def succeed(self, case: Case, proof: str | None) -> None:
        if proof:
            case.state, case.proof, case.proved_at = "verified", proof, case.age

    @rule(word=WORDS, at=TIMES, again=st.booleans(), data=st.data())
    def receipt(self, word: str, at: int | None, again: bool, data: st.DataObject) -> None:
        letters = [letter for case in self.cases for letter in case.letters if letter.sent]
        if not letters:
            return
        letter = data.draw(st.sampled_from(letters))
        sent, old = letter.sent, letter.status
        assert sent is not None
        for _ in range(1 + again):
            told = len(self.changed)
            assert self.lanck.report(sent, word, timestamp=at).status_code == 204
            letter.known = True
            letter.said.append((rank_of(word), at or 0, word))
            is_news = self.listening and letter.status != old
            expected = [(letter.pk, old, letter.status)] if is_news else []
            assert self.changed[told:] == expected
            old = letter.status

    @precondition(lambda self: len(self.cases) > 2)  # it would end too many too soon
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        case = self.some_case(data)
        with self.nothing_asked():
            if case.state == "verified":
                with pytest.raises(Refusal, match="already_verified"):
                    cancel_verification(verification_id=case.pk)
                return
            cancel_verification(verification_id=case.pk)
        # Nobody is told that the time of one that is canceled was over.
        case.state = "canceled" if case.state == "pending" else case.state

    @precondition(lambda self: any(case.proof for case in self.cases))
    @rule(data=st.data())
    def redeem(self, data: st.DataObject) -> None:
        case = data.draw(st.sampled_from([case for case in self.cases if case.proof]))
        fresh = not case.redeemed and case.age - case.proved_at < PROOF_LIFETIME
        if fresh:
            assert redeem_proof(proof=case.proof) == NUMBER
            case.redeemed = True
        else:
            with pytest.raises(Refusal, match="invalid_proof"):
                redeem_proof(proof=case.proof)

    @rule(seconds=STEPS)
    def clock(self, seconds: int) -> None:
        for case in self.cases:
            Lives.age(case.row, seconds)
            case.age += seconds

    def nothing_asked(self):
        return _NothingAsked(self.lanck)

    @invariant()
    def verifications_are_as_they_should_be(self) -> None:
        rows = Verification.objects.in_bulk()
        assert set(rows) == {case.pk for case in self.cases}
        for case in self.cases:
            row = rows[case.pk]
            assert (row.state, row.attempts, row.resends) == (case.state, case.attempts, case.resends)
            assert row.failures <= row.attempts <= ALLOWED
            assert (row.proof_redeemed_at is not None) == case.redeemed
            assert sum(len(letter.sent.checks) for letter in case.letters if letter.sent) <= ALLOWED

    @invariant()
    def signals_come_once(self) -> None:
        assert sorted(self.verified) == sorted(case.pk for case in self.cases if case.state == "verified")
        ended = [(case.pk, case.state) for case in self.cases if case.state in ("expired", "exhausted")]
        assert sorted(self.failed) == sorted(ended)

    @invariant()
    def each_message_was_sent_once_and_has_the_highest_word(self) -> None:
        letters = [letter for case in self.cases for letter in case.letters]
        assert Message.objects.count() == len(letters) == self.posts
        assert len(self.lanck.sent) == sum(letter.sent is not None for letter in letters)
        stored = dict(Message.objects.values_list("pk", "status"))
        assert stored == {letter.pk: letter.status for letter in letters}


class _NothingAsked:
    def __init__(self, lanck: FakeLanck) -> None:
        self.lanck = lanck

    def __enter__(self) -> None:
        self.before = len(self.lanck.requests)

    def __exit__(self, *error: object) -> None:
        assert len(self.lanck.requests) == self.before


@pytest.mark.parametrize("examples", [15, pytest.param(60, marks=pytest.mark.slow)])
def test_whatever_happens_in_any_order(lanck, backdate, examples):
    """Attempts never exceed the allowed; a verification is verified only by a right code of the newest accepted message
    within its lifetime, and its proof is redeemed once; delivery never goes back; signals come once; terminal states
    stay; nothing is repeated after an unknown outcome; there are as many POSTs as messages."""
    Lives.lanck, Lives.age = lanck, staticmethod(backdate)
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
        phases=[Phase.generate],  # to find the shortest way to a failure takes minutes
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    with override_settings(LANCK={**lanck.settings, **rules}):
        run_state_machine_as_test(Lives, settings=bounds)
