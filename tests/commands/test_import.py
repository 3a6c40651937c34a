import io
import sys

import pytest
from django.contrib.auth import get_user_model

from django_lanck.models import VerifiedNumber
from django_lanck.services import owner_of

pytestmark = pytest.mark.django_db

OTHER = "+12015550124"


@pytest.fixture
def ada():
    return get_user_model().objects.create_user("ada", email="ada@example.com")


@pytest.fixture
def file(tmp_path):
    """Write a file and return its path: ``file("username,number,verified_at", "ada,…")``."""

    def write(*lines, encoding="utf-8", end="\n"):
        path = tmp_path / "numbers.csv"
        path.write_bytes(end.join([*lines, ""]).encode(encoding))
        return path

    return write


HEADER = "username,number,verified_at"
ONE_COLUMN = 'FILE: It has to have one column "{}" in its first line;'


def test_rows_are_only_checked_without_apply(run, ada, file):
    path = file(HEADER, "ada,+1 201 555 0123,2024-01-31")
    for options in ([], ["--dry-run"]):
        ran = run("lanck_import", path, *options)
        assert (ran.code, ran.err) == (0, "")
        assert ran.out == (
            "1 rows checked; --apply imports them\n"
            "  new: 1\n  later than known: 0\n  taken over from another user: 0\n  known already: 0\n  refused: 0\n"
        )
    assert not VerifiedNumber.objects.exists()


def test_rows_are_imported_once_with_apply(run, ada, file, phone):
    path = file(HEADER, f"ada,{phone},2024-01-31")
    assert "Imported from 1 rows\n  new: 1\n" in run("lanck_import", path, "--apply").out
    assert owner_of(phone) == ada
    assert "known already: 1\n" in run("lanck_import", path, "--apply").out


@pytest.mark.parametrize("options", [[], ["--apply"]])
def test_refused_rows_are_named_with_line_and_reason_and_the_others_are_imported(run, ada, file, phone, options):
    path = file(
        HEADER, f"ada,{phone},2024-01-31", "", 'ada,12,"2024', '-01-31"', "bob,1,2,3", f"bob,{OTHER},2024-01-31"
    )
    ran = run("lanck_import", path, *options)
    assert (ran.code, ran.error) == (1, "3 of 4 rows are refused.")
    assert ran.err.splitlines() == [
        "Line 4: number: Enter a valid phone number, with its country code.",
        "Line 6: row: It has 4 values for 3 columns.",
        "Line 7: user: No user has this username.",
    ]
    assert VerifiedNumber.objects.count() == len(options)
    assert phone not in ran.err + ran.out


def test_json_has_counts_and_the_first_problems(run, ada, file, phone):
    path = file(HEADER, f"ada,{phone},2024-01-31", *[f"ada,{phone},tomorrow"] * 150)
    ran = run("lanck_import", path, "--apply", "--json")
    document = ran.document
    assert len(document["problems"]) == 100
    assert document["problems"][0]["line"] == 3
    assert document["problems"][0]["reason"].startswith("verified_at: It has to be a date")
    assert {**document, "problems": []} == {
        "dry_run": False,
        "rows": 151,
        "created": 1,
        "updated": 0,
        "taken_over": 0,
        "unchanged": 0,
        "refused": 150,
        "problems": [],
        "error": "150 of 151 rows are refused.",
    }


def test_number_that_another_user_had_is_named(run, ada, file, phone):
    get_user_model().objects.create_user("grace")
    path = file(HEADER, f"grace,{phone},2024-01-30", f"ada,{phone},2024-01-31")
    ran = run("lanck_import", path, "--apply")
    assert (ran.code, ran.err) == (0, "Line 3: taken over from another user, who verified the number earlier.\n")
    assert owner_of(phone) == ada


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize(("encoding", "end"), [("utf-8", "\n"), ("utf-8-sig", "\r\n")])
def test_delimiter_bom_and_order_of_columns_are_found(run, ada, file, phone, delimiter, encoding, end):
    lines = [["Verified_At ", "note, or not", "USERNAME", "Number"], ["2024-01-31T10:00:00Z", "x", "ada", phone]]
    lines = [delimiter.join(f'"{value}"' for value in line) for line in lines]
    assert run("lanck_import", file(*lines, encoding=encoding, end=end), "--apply").error is None
    assert owner_of(phone) == ada


def test_options_name_the_columns_the_field_and_the_format(run, ada, file, phone):
    path = file("mail#phone#since", "ada@example.com#201 555-0123#2024-01-31", encoding="utf-16")
    options = [
        "--user-field",
        "email",
        "--user-column",
        "mail",
        "--number-column",
        "phone",
        "--verified-column",
        "since",
    ]
    ran = run("lanck_import", path, "--apply", *options, "--delimiter", "#", "--region", "US", "--encoding", "utf-16")
    assert ran.error is None
    assert owner_of(phone) == ada


def test_column_of_the_user_is_named_as_the_field(run, ada, file, phone):
    path = file("id,number,verified_at", f"{ada.pk},{phone},2024-01-31")
    assert run("lanck_import", path, "--apply", "--user-field", "id").error is None
    assert owner_of(phone) == ada


def test_stdin_is_read(run, ada, phone, monkeypatch):
    text = f"\ufeff{HEADER}\nada,{phone},2024-01-31\n".encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert "new: 1\n" in run("lanck_import", "-", "--apply").out
    assert sys.stdin.buffer.closed is False


def test_row_in_another_encoding_is_refused(run, ada, file, phone):
    path = file(f"{HEADER},name", f"ada,{phone},2024-01-31,José", encoding="latin-1")
    ran = run("lanck_import", path)
    assert ran.err == "Line 2: row: It is in another encoding; --encoding names it.\n"
    assert run("lanck_import", path, "--encoding", "latin-1").error is None


@pytest.mark.parametrize(
    ("lines", "options", "error"),
    [
        ([""], [], 'FILE: It has to have one column "username" in its first line; it has: .'),
        ([], [], 'FILE: It has to have one column "username" in its first line; it has: .'),
        (
            ["username,phone"],
            [],
            'FILE: It has to have one column "number" in its first line; it has: username, phone.',
        ),
        ([f"{HEADER},number"], [], 'FILE: It has to have one column "number" in its first line; it has: '),
        ([HEADER, 'ada,"1'], [], ""),
        (
            [HEADER, f'ada,"{"x" * 140_000}'],
            [],
            "FILE: Line 2 cannot be read (field larger than field limit (131072)).",
        ),
        ([HEADER], ["--user-field", "phone"], "--user-field: The user model has no such field."),
        ([HEADER], ["--encoding", "klingon"], "--encoding: There is no such encoding."),
        ([HEADER], ["--encoding", "utf-16"], "FILE: Line 1 cannot be read"),
    ],
)
def test_file_that_cannot_be_read_is_named(run, ada, file, lines, options, error):
    ran = run("lanck_import", file(*lines), *options)
    assert ran.code == 1
    assert ran.error.startswith(error)


@pytest.mark.parametrize("path", ["missing.csv", "/", "\x00"])
def test_missing_file_is_named(run, path):
    assert run("lanck_import", path).error.startswith("FILE: The file cannot be read (")


def test_progress_is_shown_on_a_terminal(run, ada, file, phone):
    ran = run("lanck_import", file(HEADER, f"ada,{phone},2024-01-31", "ada,12,2024-01-31"), terminal=True)
    assert "2 rows, 1 refused" in ran.err


def test_settings_are_not_needed(run, ada, file, phone, settings):
    settings.LANCK = {}
    assert run("lanck_import", file(HEADER, f"ada,{phone},2024-01-31"), "--apply").error is None


@pytest.mark.parametrize("options", [["--apply", "--dry-run"], ["--delimiter", "ab"], ["--delimiter", '"']])
def test_invalid_options_are_refused(manage, file, options):
    assert manage("lanck_import", file(HEADER), *options).code == 2
