"""Read a CSV file row by row, as spreadsheets and databases write it."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain
from pathlib import Path
from typing import IO, Any, Final

from ..exceptions import InvalidArgument
from ..services import ImportRow

DELIMITERS: Final = ",;\t|"
STDIN: Final = "-"
LONGEST_LINE: Final = 2**20


@contextmanager
def open_text(path: str, encoding: str) -> Iterator[IO[str]]:
    """Open a file, or stdin for ``-``, as text. Bytes that are not of the encoding are read as surrogates.

    Raises InvalidArgument.
    """
    options: dict[str, Any] = {"encoding": encoding, "errors": "surrogateescape", "newline": ""}
    try:
        text = io.TextIOWrapper(sys.stdin.buffer, **options) if path == STDIN else Path(path).open(**options)  # noqa: SIM115
    except (OSError, ValueError) as error:
        raise InvalidArgument("file", f"The file cannot be read ({getattr(error, 'strerror', error)}).") from None
    except LookupError:
        raise InvalidArgument("encoding", "There is no such encoding.") from None
    try:
        yield text
    finally:
        text.detach() if path == STDIN else text.close()


def import_rows(text: IO[str], *, columns: Mapping[str, str], delimiter: str = "") -> Iterator[ImportRow]:
    """Yield the rows of a CSV file with a header.

    ``columns`` are the names of the columns by field of :class:`ImportRow`; capital letters and spaces around them do
    not matter. ``delimiter`` defaults to the one of ``DELIMITERS`` that the header has. Raises InvalidArgument.
    """
    lines = iter(partial(text.readline, LONGEST_LINE), "")
    header = _first_of(lines)
    delimiter = delimiter or _delimiter_of(header, columns)
    reader = csv.reader(chain([header], lines), delimiter=delimiter)
    names = _names(next(reader, []))
    places = {field: _place(names, column) for field, column in columns.items()}
    while True:
        line = reader.line_num + 1
        try:
            values = next(reader, None)
        except (csv.Error, UnicodeError) as error:
            raise InvalidArgument("file", f"Line {line} cannot be read ({error}). Is a quote not closed?") from None
        if values is None:
            return
        if values:
            yield _row(line, values, len(names), places)


def _row(line: int, values: Sequence[str], width: int, places: Mapping[str, int]) -> ImportRow:
    if len(values) != width:
        error = InvalidArgument("row", f"It has {len(values)} values for {width} columns.")
        return ImportRow(line, error=error)
    if any("\udc80" <= character <= "\udcff" for value in values for character in value):
        return ImportRow(line, error=InvalidArgument("row", "It is in another encoding; --encoding names it."))
    user, number, verified_at = (values[places[field]] for field in ("user", "number", "verified_at"))
    return ImportRow(line, user, number, verified_at)


def _first_of(lines: Iterator[str]) -> str:
    try:
        return next(lines, "")
    except UnicodeError as error:
        raise InvalidArgument("file", f"Line 1 cannot be read ({error}). Is it in another encoding?") from None


def _delimiter_of(header: str, columns: Mapping[str, str]) -> str:
    wanted = {column.strip().casefold() for column in columns.values()}
    return max(
        DELIMITERS,
        key=lambda delimiter: len(wanted & set(_names(next(csv.reader([header], delimiter=delimiter), [])))),
    )


def _names(header: Sequence[str]) -> list[str]:
    return [name.strip().casefold() for name in header]


def _place(names: Sequence[str], column: str) -> int:
    if names.count(column.strip().casefold()) != 1:
        shown = ", ".join(name[:40] for name in names[:20])
        raise InvalidArgument("file", f'It has to have one column "{column}" in its first line; it has: {shown}.')
    return names.index(column.strip().casefold())
