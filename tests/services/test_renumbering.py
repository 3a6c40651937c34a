from datetime import UTC, datetime
from threading import Thread

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from django_lanck import signals
from django_lanck.exceptions import InvalidArgument
from django_lanck.models import OptOut, VerifiedNumber, VerifiedNumberQuerySet
from django_lanck.services import owner_of, renumber
from tests.helpers import statements
from tests.parallel import call_concurrently

pytestmark = pytest.mark.django_db

LAST_YEAR = datetime(2025, 3, 1, 12, tzinfo=UTC)
BENIN = {"old_prefix": "+229", "new_prefix": "+22901"}


@pytest.fixture
def claim():
    """Create a claim of a new user: ``claim(number)``."""

    def create(number):
        user = get_user_model().objects.create_user(f"owner of {number}")
        return VerifiedNumber.objects.create(user=user, number=number, verified_at=LAST_YEAR)

    return create


def numbers(model=VerifiedNumber):
    return sorted(model.objects.values_list("number", flat=True))


def counts(done):
    return {name: getattr(done, name) for name in type(done).__slots__ if getattr(done, name)}


def test_claims_and_opt_outs_of_the_prefix_are_moved_once(claim):
    user = claim("+22997000042").user
    claim("+12015550123")
    OptOut.objects.record("+22997000043")
    assert counts(renumber(**BENIN, dry_run=True)) == {"claims": 1, "opt_outs": 1}
    assert numbers() == ["+12015550123", "+22997000042"]
    assert counts(renumber(**BENIN)) == {"claims": 1, "opt_outs": 1}
    for _ in range(2):
        assert (numbers(), numbers(OptOut)) == (["+12015550123", "+2290197000042"], ["+2290197000043"])
        assert counts(renumber(**BENIN)) == {"renumbered": 2}
    assert owner_of("+2290197000042") == user


def test_moved_row_keeps_its_time_and_its_opt_out(claim):
    before = claim("+22997000042")
    OptOut.objects.record("+22997000042")
    renumber(**BENIN)
    after = VerifiedNumber.objects.get()
    assert (after.pk, after.user, after.verified_at) == (before.pk, before.user, before.verified_at)
    assert OptOut.objects.standing().count() == 1


def test_number_whose_new_form_has_a_row_is_reported_and_left(claim):
    left = claim("+22997000042")
    claim("+2290197000042"), claim("+22997000043")
    for number in ("+22997000044", "+2290197000044"):
        OptOut.objects.record(number)
    for dry_run in (True, False):
        rows = []
        done = renumber(**BENIN, dry_run=dry_run, on_collision=rows.append)
        assert counts(done) == {"claims": 1, "collisions": 2, "renumbered": 2}
        assert rows == [left, OptOut.objects.get(number="+22997000044")]
    assert numbers() == ["+2290197000042", "+2290197000043", "+22997000042"]


def test_digits_select_the_old_numbers(claim):
    # The first begins with the new prefix, and is an old number.
    for number in ("+22991000042", "+229910000421", "+22991000042123"):
        claim(number)
    assert counts(renumber(old_prefix="+229", new_prefix="+2299", digits=8)) == {"claims": 1}
    assert counts(renumber(old_prefix="+229", new_prefix="+2299", digits=8)) == {}
    assert numbers() == ["+229910000421", "+22991000042123", "+229991000042"]


def test_shorter_new_prefix_needs_the_digits(claim):
    claim("+2290101000042")
    with pytest.raises(InvalidArgument, match="digits"):
        renumber(old_prefix="+22901", new_prefix="+229")
    assert counts(renumber(old_prefix="+22901", new_prefix="+229", digits=8)) == {"claims": 1}
    assert counts(renumber(old_prefix="+22901", new_prefix="+229", digits=8)) == {}
    assert numbers() == ["+22901000042"]


def test_prefix_of_the_same_length_is_replaced(claim):
    claim("+33170000042")
    assert counts(renumber(old_prefix="+33 1", new_prefix="0033 9")) == {"claims": 1}
    assert numbers() == ["+33970000042"]


def test_number_that_would_be_too_long_is_left(claim):
    claim("+2291234567890"), claim("+229123456789012")
    assert counts(renumber(**BENIN)) == {"claims": 1, "collisions": 1}
    assert numbers() == ["+229011234567890", "+229123456789012"]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"old_prefix": "", "new_prefix": "+229"}, "old_prefix"),
        ({"old_prefix": "+", "new_prefix": "+229"}, "old_prefix"),
        ({"old_prefix": "229", "new_prefix": "+229"}, "old_prefix"),
        ({"old_prefix": "+229", "new_prefix": "+229x"}, "new_prefix"),
        ({"old_prefix": "+229", "new_prefix": "+0"}, "new_prefix"),
        ({"old_prefix": "+229", "new_prefix": "+229"}, "new_prefix"),
        ({**BENIN, "digits": 0}, "digits"),
        ({**BENIN, "digits": 13}, "digits"),
    ],
)
def test_invalid_argument_is_refused(arguments, field):
    with pytest.raises(InvalidArgument) as refused:
        renumber(**arguments)
    assert refused.value.field == field


def test_signal_is_sent_for_each_claim_after_the_commit(claim, record_signal, django_capture_on_commit_callbacks):
    user = claim("+22997000042").user
    OptOut.objects.record("+22997000042")
    changed = record_signal(signals.number_changed)
    with django_capture_on_commit_callbacks(execute=True):
        renumber(**BENIN)
        renumber(**BENIN, dry_run=True)
        assert changed == []
    assert [(sent["user"], sent["old_number"], sent["new_number"], sent["reason"]) for sent in changed] == [
        (user, "+22997000042", "+2290197000042", "renumber")
    ]


def test_rows_of_many_batches_are_moved_with_few_statements(monkeypatch):
    monkeypatch.setattr("django_lanck.services.maintenance.renumber.BATCH", 10)
    user = get_user_model().objects.create_user("ada")
    VerifiedNumber.objects.bulk_create(
        VerifiedNumber(user=user, number=f"+229970000{i:02}", verified_at=LAST_YEAR) for i in range(35)
    )
    seen = []
    with CaptureQueriesContext(connection) as captured:
        done = renumber(**BENIN, progress=lambda done: seen.append(done.claims))
    assert (done.claims, seen) == (35, [10, 20, 30, 35])
    assert len(statements(captured)) <= 4 * 5 + 4
    assert numbers() == [f"+22901970000{i:02}" for i in range(35)]


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_number_that_another_process_stores_meanwhile_is_a_collision(claim, monkeypatch):
    left = claim("+22997000042")
    update = VerifiedNumberQuerySet.update

    def store_and_update(rows, **values):
        monkeypatch.setattr(VerifiedNumberQuerySet, "update", update)
        other = Thread(target=lambda: (claim("+2290197000042"), connections.close_all()))
        other.start()
        other.join()
        return update(rows, **values)

    monkeypatch.setattr(VerifiedNumberQuerySet, "update", store_and_update)
    rows = []
    assert counts(renumber(**BENIN, on_collision=rows.append)) == {"collisions": 1}
    assert (rows, numbers()) == ([left], ["+2290197000042", "+22997000042"])


@pytest.mark.django_db(transaction=True)
def test_runs_at_once_move_each_number_once(claim):
    for i in range(30):
        claim(f"+229970000{i:02}")
    results = call_concurrently(lambda _: renumber(**BENIN), 4, threads=4)
    assert sum(result.claims for result in results) == 30
    assert numbers() == [f"+22901970000{i:02}" for i in range(30)]
