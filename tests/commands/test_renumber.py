import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from django_lanck.models import OptOut, VerifiedNumber

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def rows():
    user = get_user_model().objects.create_user("ada")
    for number in ("+22997000042", "+22997000043", "+2290197000043"):
        VerifiedNumber.objects.create(user=user, number=number, verified_at=timezone.now())
    OptOut.objects.record("+22997000042")


def test_numbers_are_only_counted_without_apply(run):
    for options in ([], ["--dry-run"]):
        ran = run("lanck_renumber", "+229", "+22901", *options)
        left = VerifiedNumber.objects.get(number="+22997000043")
        assert (ran.code, ran.error) == (0, None)
        assert ran.out == (
            "Counted; --apply moves them\n  verified numbers: 1\n  opt-outs: 1\n"
            "  left, as their new number is in use: 1\n  left, as they begin with the new prefix: 1\n"
        )
        assert ran.err == f"Left: verified number {left.pk} (+2299•••0043); the new number is in use, or too long.\n"
    assert VerifiedNumber.objects.filter(number="+22997000042").exists()


def test_numbers_are_moved_once_with_apply(run):
    assert (
        "Moved from +229 to +22901\n  verified numbers: 1\n" in run("lanck_renumber", "+229", "+22901", "--apply").out
    )
    again = run("lanck_renumber", "+229", "+22901", "--apply", "--json")
    assert again.document == {"dry_run": False, "claims": 0, "opt_outs": 0, "collisions": 1, "renumbered": 3}
    assert VerifiedNumber.objects.filter(number="+2290197000042").exists()


def test_digits_select_the_old_numbers(run):
    assert "verified numbers: 0\n" in run("lanck_renumber", "+229", "+22901", "--digits", "7").out
    assert "verified numbers: 1\n" in run("lanck_renumber", "+229", "+22901", "--digits", "8").out


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["229", "+22901"], "OLD: It has to be a calling code"),
        (["+229", "x"], "NEW: It has to be a calling code"),
        (["+229", "+229"], "NEW: It has to be another prefix."),
        (["+22901", "+229"], "--digits: It is needed"),
    ],
)
def test_invalid_prefix_is_named(run, arguments, error):
    ran = run("lanck_renumber", *arguments)
    assert (ran.code, ran.error.startswith(error)) == (1, True)


def test_progress_is_shown_on_a_terminal(run):
    assert "1 verified numbers, 1 opt-outs, 1 left" in run("lanck_renumber", "+229", "+22901", terminal=True).err
