from datetime import UTC, date, datetime, timedelta
from threading import Thread

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_lanck import signals
from django_lanck.exceptions import InvalidArgument, Refusal
from django_lanck.models import VerifiedNumber, VerifiedNumberQuerySet
from django_lanck.services import (
    ImportRow,
    change_number,
    claim_number,
    import_number,
    import_numbers,
    owner_of,
    redeem_proof,
    verified_number_of,
)
from tests.helpers import catch_refusal, prove, statements
from tests.parallel import call_concurrently

pytestmark = pytest.mark.django_db

LAST_YEAR = datetime(2025, 3, 1, 12, tzinfo=UTC)
OTHER = "+12015550124"


@pytest.fixture
def user():
    """Create a user: ``user("ada")``."""
    return get_user_model().objects.create_user


@pytest.fixture
def run():
    """Import rows ``(user, number, verified_at)`` from line 2 on; return the result and the reports by line."""

    def run(*rows, **options):
        reports = {}
        result = import_numbers(
            rows=[ImportRow(line, *map(str, row)) for line, row in enumerate(rows, start=2)],
            on_refused=lambda line, error: reports.__setitem__(line, str(error).partition(": ")[2]),
            on_taken_over=lambda line: reports.__setitem__(line, "taken over"),
            **options,
        )
        counts = {name: getattr(result, name) for name in type(result).__slots__ if getattr(result, name)}
        return counts, reports

    return run


# One number


@pytest.mark.parametrize("spelling", ["+12015550123", "+1 (201) 555-0123", "0012015550123", "+１２０１５５５０１２３"])
def test_number_in_any_spelling_is_stored_in_e164_and_has_an_owner(user, phone, spelling):
    ada = user("ada")
    claim = import_number(user=ada, number=spelling, verified_at=LAST_YEAR)
    assert (claim.number, claim.user, claim.verification, claim.verified_at) == (phone, ada, None, LAST_YEAR)
    assert (owner_of(phone), verified_number_of(ada)) == (ada, claim)
    assert not claim.taken_over


def test_national_number_is_read_in_its_region(user):
    assert (
        import_number(user=user("ada"), number="030 901820", verified_at=LAST_YEAR, region="DE").number == "+4930901820"
    )


def test_invalid_number_is_refused(user):
    assert catch_refusal(import_number, user=user("ada"), number="12", verified_at=LAST_YEAR).code == "invalid_number"


def test_import_again_changes_nothing(user, phone, record_signal):
    ada, changed = user("ada"), record_signal(signals.number_changed)
    first = import_number(user=ada, number=phone, verified_at=LAST_YEAR)
    del changed[:]
    assert import_number(user=ada, number=phone, verified_at=LAST_YEAR) == first
    assert (VerifiedNumber.objects.get().verified_at, changed) == (LAST_YEAR, [])


def test_earlier_time_leaves_the_later_one_and_its_verification(user, phone, lanck):
    ada = user("ada")
    proof = prove(lanck)
    redeem_proof(proof=proof)
    claim = claim_number(user=ada, proof=proof)
    assert import_number(user=ada, number=phone, verified_at=LAST_YEAR).verified_at == claim.verified_at
    assert VerifiedNumber.objects.get().verification == claim.verification


def test_later_time_takes_the_number_over_from_another_user(
    user, phone, record_signal, django_capture_on_commit_callbacks
):
    ada, grace = user("ada"), user("grace")
    import_number(user=ada, number=phone, verified_at=LAST_YEAR)
    taken, changed = record_signal(signals.number_taken_over), record_signal(signals.number_changed)
    with django_capture_on_commit_callbacks(execute=True):
        claim = import_number(user=grace, number=phone, verified_at=LAST_YEAR + timedelta(days=1))
    assert (claim.user, claim.taken_over, VerifiedNumber.objects.count()) == (grace, True, 1)
    assert [(sent["verified_number"], sent["old_user_id"], sent["new_user_id"]) for sent in taken] == [
        (claim, ada.pk, grace.pk)
    ]
    assert [(sent["user"], sent["old_number"], sent["new_number"], sent["reason"]) for sent in changed] == [
        (ada, phone, "", "takeover"),
        (grace, "", phone, "import"),
    ]


@pytest.mark.parametrize("earlier", [timedelta(0), timedelta(days=1)])
def test_number_that_another_user_verified_then_or_later_is_refused(user, phone, earlier):
    ada, grace = user("ada"), user("grace")
    import_number(user=ada, number=phone, verified_at=LAST_YEAR)
    refusal = catch_refusal(import_number, user=grace, number=phone, verified_at=LAST_YEAR - earlier)
    assert (refusal.code, owner_of(phone)) == ("newer_claim", ada)


def test_proof_after_an_import_takes_the_number_over(user, phone, lanck):
    import_number(user=user("ada"), number=phone, verified_at=timezone.now() + timedelta(minutes=4))
    grace, proof = user("grace"), prove(lanck)
    redeem_proof(proof=proof)
    assert claim_number(user=grace, proof=proof).taken_over


def test_imported_number_is_changed_like_a_proved_one(user, phone, lanck):
    ada = user("ada")
    import_number(user=ada, number=phone, verified_at=LAST_YEAR)
    change_number(user=ada, proof=prove(lanck, OTHER, purpose="change_number"))
    assert (owner_of(phone), owner_of(OTHER)) == (None, ada)


@pytest.mark.parametrize("at", [timezone.now() + timedelta(days=1), date(1969, 12, 31), date(1900, 1, 1)])
def test_time_in_the_future_or_long_ago_is_refused(user, phone, at):
    with pytest.raises(InvalidArgument, match="verified_at"):
        import_number(user=user("ada"), number=phone, verified_at=at)


def test_time_without_a_zone_is_of_the_site(user, phone, settings):
    settings.TIME_ZONE = "America/New_York"
    ada = user("ada")
    at = import_number(user=ada, number=phone, verified_at=datetime(2025, 1, 1, 7)).verified_at  # noqa: DTZ001
    assert at == datetime(2025, 1, 1, 12, tzinfo=UTC)
    assert import_number(user=ada, number=OTHER, verified_at=date(2025, 7, 1)).verified_at == datetime(
        2025, 7, 1, 4, tzinfo=UTC
    )


def test_user_who_is_not_stored_is_refused(phone):
    with pytest.raises(InvalidArgument, match="user"):
        import_number(user=get_user_model()(username="ada"), number=phone, verified_at=LAST_YEAR)


def test_signal_names_the_number_that_the_user_verified_last(
    user, phone, record_signal, django_capture_on_commit_callbacks
):
    ada, changed = user("ada"), record_signal(signals.number_changed)
    with django_capture_on_commit_callbacks(execute=True):
        import_number(user=ada, number=phone, verified_at=LAST_YEAR)
        import_number(user=ada, number=OTHER, verified_at=LAST_YEAR - timedelta(days=1))
        import_number(user=ada, number=OTHER, verified_at=LAST_YEAR + timedelta(days=1))
    assert [(sent["old_number"], sent["new_number"]) for sent in changed] == [("", phone), (phone, OTHER)]
    assert verified_number_of(ada).number == OTHER


# Many rows


def test_rows_are_imported_and_counted_by_outcome(user, run, phone):
    ada, grace = user("ada"), user("grace")
    import_number(user=grace, number=OTHER, verified_at=LAST_YEAR)
    rows = [("ada", phone, "2024-01-31"), ("ada", OTHER, "2025-03-02"), ("grace", "+4930901820", "2024-02-29T10:00Z")]
    dry = run(*rows, dry_run=True)
    assert VerifiedNumber.objects.count() == 1
    assert run(*rows) == dry == ({"rows": 3, "created": 2, "taken_over": 1}, {3: "taken over"})
    assert {claim.number: claim.user for claim in VerifiedNumber.objects.all()} == {
        phone: ada,
        OTHER: ada,
        "+4930901820": grace,
    }
    assert run(*rows) == run(*rows, dry_run=True) == ({"rows": 3, "unchanged": 3}, {})


@pytest.mark.parametrize("dry_run", [True, False])
def test_row_that_is_refused_is_reported_with_its_line_and_reason(user, run, phone, dry_run):
    user("ada"), user("grace")
    now = timezone.now()
    import_number(user=get_user_model().objects.get(username="grace"), number=OTHER, verified_at=now)
    a_time = "It has to be a date or a time in ISO 8601, such as 2024-01-31 or 2024-01-31T10:00:00Z."
    counts, reports = run(
        ("nobody", phone, "2024-01-31"),
        ("", phone, "2024-01-31"),
        ("a\x00da", phone, "2024-01-31"),
        ("ada", "12", "2024-01-31"),
        ("ada", "", "2024-01-31"),
        ("ada", phone, "31.01.2024"),
        ("ada", phone, "2024-02-30"),
        ("ada", phone, ""),
        ("ada", phone, "2999-01-01"),
        ("ada", phone, "9999-12-31T23:59:59"),
        ("ada", phone, "0001-01-01"),
        ("ada", OTHER, "2024-01-31"),
        ("ada", phone, "2024-01-31"),
        dry_run=dry_run,
    )
    assert counts == {"rows": 13, "created": 1, "refused": 12}
    assert reports == {
        2: "No user has this username.",
        3: "No user has this username.",
        4: "No user has this username.",
        5: "Enter a valid phone number, with its country code.",
        6: "Enter a valid phone number, with its country code.",
        7: a_time,
        8: a_time,
        9: a_time,
        10: "It must not be in the future.",
        11: "It must not be in the future.",
        12: "It must not be before 1970.",
        13: "Someone proved this number more recently.",
    }


@pytest.mark.parametrize("dry_run", [True, False])
def test_number_that_occurs_twice_belongs_to_the_later_row_in_time(user, run, phone, dry_run, monkeypatch):
    monkeypatch.setattr("django_lanck.services.imports.importing.BATCH", 3)
    user("ada"), user("grace")
    counts, reports = run(
        ("ada", phone, "2024-01-31"),
        ("grace", phone, "2024-01-30"),
        ("ada", OTHER, "2024-01-31"),
        ("grace", OTHER, "2024-02-01"),
        ("ada", f" {OTHER} ", "2024-01-31"),
        ("ada", phone, "2024-01-31"),
        dry_run=dry_run,
    )
    assert counts == {"rows": 6, "created": 2, "taken_over": 1, "unchanged": 1, "refused": 2}
    newer = "Someone proved this number more recently."
    assert reports == {3: newer, 5: "taken over", 6: newer}
    assert VerifiedNumber.objects.count() == (0 if dry_run else 2)


def test_users_are_found_by_another_field(user, run, phone):
    ada = user("ada", email="ada@example.com")
    user("bob", email="bob@example.com"), user("rob", email="bob@example.com")
    rows = [("ada@example.com", phone, "2024-01-31"), ("bob@example.com", OTHER, "2024-01-31")]
    assert run(*rows, user_field="email") == (
        {"rows": 2, "created": 1, "refused": 1},
        {3: "Several users have this email."},
    )
    assert owner_of(phone) == ada
    rows = [(ada.pk, OTHER, "2024-01-31"), ("x", OTHER, "2024-01-31"), (10**30, OTHER, "2024-01-31")]
    assert run(*rows, user_field="pk")[0] == {"rows": 3, "created": 1, "refused": 2}


@pytest.mark.parametrize("name", ["phone", "groups", "verified_numbers", "password__x"])
def test_field_that_users_do_not_have_is_refused(run, name):
    with pytest.raises(InvalidArgument, match="user_field"):
        run(user_field=name)


def test_row_that_cannot_be_read_is_refused_with_its_error():
    reports = []
    error = InvalidArgument("row", "It has 2 values for 3 columns.")
    done = import_numbers(rows=[ImportRow(7, error=error)], on_refused=lambda *report: reports.append(report))
    assert (done.rows, done.refused, reports) == (1, 1, [(7, error)])


def test_statements_of_a_batch_do_not_grow_with_its_rows(user, run):
    for name in ("ada", "grace"):
        user(name)

    def count(rows):
        with CaptureQueriesContext(connection) as captured:
            run(*rows)
        return len(statements(captured))

    few = [("ada", f"+120155502{i:02}", "2024-01-31") for i in range(2)]
    many = [("ada", f"+120155502{i:02}", "2024-01-31") for i in range(10, 90)]
    assert count(few) == count(many) == 4
    assert count(few) == count(many) == 2
    assert count([(name, number, "2024-02-01") for name, number, _ in few]) == 3
    assert count([("grace", number, "2024-02-02") for _, number, _ in many]) == 3


def test_signals_of_a_batch_are_sent_after_the_commit(
    user, run, phone, record_signal, django_capture_on_commit_callbacks
):
    user("ada"), user("grace")
    changed = record_signal(signals.number_changed)
    with django_capture_on_commit_callbacks(execute=True):
        run(("ada", phone, "2024-01-31"), ("grace", OTHER, "2024-01-31"), ("grace", phone, "2024-02-01"))
        assert changed == []
    assert [(str(sent["user"]), sent["old_number"], sent["new_number"], sent["reason"]) for sent in changed] == [
        ("ada", "", phone, "import"),
        ("grace", "", OTHER, "import"),
        ("ada", phone, "", "takeover"),
        ("grace", OTHER, phone, "import"),
    ]


@pytest.mark.django_db(transaction=True)
def test_imports_of_the_same_numbers_at_once_leave_the_latest_owner(user, run):
    names = [f"user {i}" for i in range(8)]
    for name in names:
        user(name)
    numbers = [f"+120155502{i:02}" for i in range(40)]

    def work(index):
        order = numbers if index % 2 else numbers[::-1]
        return run(*[(names[index], number, f"2024-01-{index + 1:02}") for number in order])[0]

    results = call_concurrently(work, 8, threads=8)
    assert [result for result in results if isinstance(result, Exception)] == []
    assert VerifiedNumber.objects.count() == 40
    assert {claim.user.username for claim in VerifiedNumber.objects.select_related("user")} == {names[-1]}
    assert sum(result.get("created", 0) for result in results) == 40


@pytest.mark.django_db(transaction=True)
def test_later_import_between_reading_and_writing_an_earlier_one_holds(user, run, phone, monkeypatch):
    import_number(user=user("bob"), number=phone, verified_at=LAST_YEAR)
    user("ada"), user("grace")
    bulk_update, threads = VerifiedNumberQuerySet.bulk_update, []

    def import_later_and_update(rows, *arguments):
        monkeypatch.setattr(VerifiedNumberQuerySet, "bulk_update", bulk_update)
        threads.append(Thread(target=lambda: (run(("grace", phone, "2025-05-02")), connections.close_all())))
        threads[0].start()
        threads[0].join(0.5)  # it waits for the lock
        return bulk_update(rows, *arguments)

    monkeypatch.setattr(VerifiedNumberQuerySet, "bulk_update", import_later_and_update)
    run(("ada", phone, "2025-05-01"))
    threads[0].join(30)
    assert owner_of(phone).username == "grace"


@pytest.mark.django_db(transaction=True)
def test_import_and_proofs_at_once_leave_the_user_of_the_proof(user, phone, lanck):
    ada, grace = user("ada"), user("grace")
    proof = prove(lanck)
    redeem_proof(proof=proof)

    def work(index):
        if index == 0:
            return claim_number(user=grace, proof=proof)
        return import_number(user=ada, number=phone, verified_at=LAST_YEAR)

    results = call_concurrently(work, 8, threads=8)
    assert {getattr(result, "code", type(result)) for result in results} <= {"newer_claim", VerifiedNumber}
    assert owner_of(phone) == grace
    assert all(isinstance(result, VerifiedNumber | Refusal) for result in results)
