"""The figures as CSV files for spreadsheets: one table per file, numbers without formatting."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from django.http import StreamingHttpResponse

from ...exceptions import ERRORS_BY_CODE
from ...services import Figures, Totals

BOM: Final = "\ufeff"  # Excel reads UTF-8 only with it
PLACES: Final = 4

Cells = list[Any]

# Column → its value. The staff API has the same figures under the names of Totals.
TOTALS: Final[Mapping[str, Callable[[Totals], Any]]] = {
    "started": lambda totals: totals.started,
    "accepted_verifications": lambda totals: totals.reached_lanck,
    "delivered_verifications": lambda totals: totals.reached_phone,
    "verified": lambda totals: totals.verified,
    "conversion": lambda totals: _rounded(totals.conversion),
    "messages": lambda totals: totals.messages,
    "refused": lambda totals: totals.refused,
    "unknown": lambda totals: totals.unknown,
    "accepted": lambda totals: totals.accepted,
    "delivered": lambda totals: totals.delivered,
    "undelivered": lambda totals: totals.undelivered,
    "unsettled": lambda totals: totals.unsettled,
    "delivery_rate": lambda totals: _rounded(totals.delivery_rate),
    "delivery_median_seconds": lambda totals: _rounded(totals.delivery_time(0.5)),
    "delivery_p95_seconds": lambda totals: _rounded(totals.delivery_time(0.95)),
    "verification_median_seconds": lambda totals: _rounded(totals.proof_time(0.5)),
    "verification_p95_seconds": lambda totals: _rounded(totals.proof_time(0.95)),
    "priced": lambda totals: totals.priced,
    "cost": lambda totals: totals.cost,
}


def _days(figures: Figures) -> Iterator[Cells]:
    yield ["day", *TOTALS]
    for day, totals in figures.by_day.items():
        yield [day.isoformat(), *_counts(totals)]


def _networks(figures: Figures) -> Iterator[Cells]:
    yield ["country", "mccmnc", "network", *TOTALS]
    for each, totals in figures.by_network.items():
        yield [each.country, each.mccmnc, figures.networks.get(each.mccmnc, ""), *_counts(totals)]


def _by(column: str, groups: str) -> Callable[[Figures], Iterator[Cells]]:
    def rows(figures: Figures) -> Iterator[Cells]:
        yield [column, *TOTALS]
        for value, totals in getattr(figures, groups).items():
            yield [value, *_counts(totals)]

    return rows


def _refusals(figures: Figures) -> Iterator[Cells]:
    yield ["rule", "only_watched", "count"]
    for (rule, watched), count in sorted(figures.refusals.items()):
        yield [rule, int(watched), count]


def _fraud(figures: Figures) -> Iterator[Cells]:
    yield ["fraud_state", "count"]
    yield from ([state, count] for state, count in sorted(figures.fraud.items()))


def _errors(figures: Figures) -> Iterator[Cells]:
    yield ["day", "hour", "error_code", "meaning", "count"]
    for error, count in sorted(figures.errors.items()):
        meaning = ERRORS_BY_CODE[error.code].meaning if error.code in ERRORS_BY_CODE else ""
        yield [error.day.isoformat(), error.hour, error.code, meaning, count]


TABLES: Final[Mapping[str, Callable[[Figures], Iterator[Cells]]]] = {
    "days": _days,
    "countries": _by("country", "by_country"),
    "networks": _networks,
    "methods": _by("method", "by_channel"),
    "purposes": _by("purpose", "by_purpose"),
    "refusals": _refusals,
    "fraud": _fraud,
    "errors": _errors,
}


def csv_response(figures: Figures, table: str) -> StreamingHttpResponse:
    """Return a download of one of ``TABLES``, named after the table and the period."""
    scope = figures.scope
    response = StreamingHttpResponse(_lines(TABLES[table](figures)), content_type="text/csv; charset=utf-8")
    name = f"delivery-{table}-{scope.since.isoformat()}-{scope.until.isoformat()}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


class _Echo:
    """A file for ``csv.writer`` that returns each line instead of storing it."""

    def write(self, line: str) -> str:
        return line


def _lines(rows: Iterator[Cells]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield BOM
    for cells in rows:
        yield writer.writerow([_without_formula(cell) for cell in cells])


def _without_formula(cell: Any) -> Any:
    """Return the cell with a leading apostrophe if a spreadsheet could read it as a formula.

    Network names come from outside. Spreadsheets skip leading blanks and invisible characters, and some accept
    full-width signs, so every text that does not begin with a letter or digit gets the apostrophe.
    """
    return f"'{cell}" if isinstance(cell, str) and cell and not cell[0].isalnum() else cell


def _counts(totals: Totals) -> Cells:
    return ["" if (value := value_of(totals)) is None else value for value_of in TOTALS.values()]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, PLACES)
