"""The filters of the lists. No filter reads a table to find its choices. These query parameters can be combined:

messages        ``status``, ``channel``, ``country``, ``category``, ``purpose``, ``mccmnc``, ``error_code``,
                ``is_test``, ``outcome`` (``accepted``, ``delivered``, ``undelivered``, ``unsettled``)
verifications   ``state``, ``method``, ``purpose``, ``is_test``, ``reached`` (the step: ``lanck``, ``phone``)
insights        ``kind``, ``status``
opt-outs        ``state``: ``standing`` or ``lifted``
all lists       ``created_at__gte`` and ``created_at__lt`` (inbound messages ``received_at``, opt-outs ``opted_out_at``,
                verified numbers ``verified_at``): a day such as ``2026-11-25``, which begins in the site's time zone,
                or a time such as ``2026-11-25T12:01:03+00:00``

``-`` selects the rows without a value (``?country=-``). Values that are not among a filter's choices work too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

import phonenumbers
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Concat
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from ..conf import conf
from ..models import Message, Status, Verification
from ..models.status import FINAL_RANK, RANKS

if TYPE_CHECKING:
    from django.contrib.admin.views.main import ChangeList

NO_VALUE: Final = "-"
SELECT_TEMPLATE: Final = "admin/lanck/select_filter.html"
TEXT_TEMPLATE: Final = "admin/lanck/text_filter.html"


def filter_by(
    name: str,
    title: Any,
    choices: Iterable[tuple[str, Any]] | Callable[[], Iterable[tuple[str, Any]]] = (),
    *,
    expression: Combinable | None = None,
    no_value: str | None = "",
    template: str = "admin/filter.html",
) -> type[admin.SimpleListFilter]:
    """Return a filter by a column, or by ``expression``. ``no_value`` is what the column holds for no value."""

    class ValueFilter(admin.SimpleListFilter):
        parameter_name = name

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
            return list(choices() if callable(choices) else choices)

        def has_output(self) -> bool:
            return True

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            chosen = self.value()
            if not chosen:
                return queryset
            column = name
            if expression is not None:
                column = f"{name}_expression"
                queryset = queryset.alias(**{column: expression})
            try:
                return queryset.filter(**{column: no_value if chosen == NO_VALUE else _printable(chosen)})
            except (ValueError, ValidationError) as error:
                raise IncorrectLookupParameters from error

        def choices(self, changelist: ChangeList) -> Iterator[Any]:
            self.other_parameters = other_parameters(changelist, name)
            return super().choices(changelist)

    ValueFilter.title = title
    ValueFilter.template = template
    return ValueFilter


def _purposes() -> list[tuple[str, str]]:
    return [(purpose, purpose) for purpose in conf.purposes]


def _sent_purposes() -> list[tuple[str, Any]]:
    return [*_purposes(), (NO_VALUE, _("none"))]


# All countries with phone numbers: too many for links, so they are the options of a select.
COUNTRIES: list[tuple[str, Any]] = [(NO_VALUE, _("none"))]
COUNTRIES += [
    (region, f"{region} +{phonenumbers.country_code_for_region(region)}")
    for region in sorted(phonenumbers.SUPPORTED_REGIONS)
]

CountryFilter = filter_by("country", _("country"), COUNTRIES, template=SELECT_TEMPLATE)
# An expression keeps SQLite from using the index of the state, by which it would sort all verified rows.
StateFilter = filter_by("state", _("state"), Verification.State.choices, expression=Concat("state", Value("")))
PurposeFilter = filter_by("purpose", _("purpose"), _purposes)
# A subquery instead of a join, which a database might begin with all verifications of the purpose.
PURPOSE_OF_MESSAGE = Subquery(Verification.objects.filter(pk=OuterRef("verification_id")).values("purpose")[:1])
SentPurposeFilter = filter_by("purpose", _("purpose"), _sent_purposes, expression=PURPOSE_OF_MESSAGE, no_value=None)
NetworkFilter = filter_by("mccmnc", _("network code"), template=TEXT_TEMPLATE)
ErrorFilter = filter_by("error_code", _("error code"), no_value=None, template=TEXT_TEMPLATE)
TestFilter = filter_by("is_test", _("test numbers"), [("0", _("exclude")), ("1", _("only these"))])


ACCEPTED: Final = RANKS[Status.ACCEPTED]
DELIVERED: Final = RANKS[Status.DELIVERED]
OUTCOMES: Final[dict[str, tuple[Any, Q]]] = {
    "accepted": (_("accepted by LANCK"), Q(status_rank__gte=ACCEPTED)),
    "delivered": (_("delivered"), Q(status_rank=DELIVERED)),
    "undelivered": (_("not delivered"), Q(status_rank__gte=FINAL_RANK, status_rank__lt=DELIVERED)),
    "unsettled": (_("unsettled"), Q(status_rank__gte=ACCEPTED, status_rank__lt=FINAL_RANK)),
}
STEPS: Final[dict[str, tuple[Any, int]]] = {
    "lanck": (_("accepted by LANCK"), ACCEPTED),
    "phone": (_("delivered"), DELIVERED),
}


class OutcomeFilter(admin.SimpleListFilter):
    """Filters messages by delivery outcome as the dashboard counts it. An outcome can cover several statuses."""

    title = _("outcome")
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(name, title) for name, (title, _condition) in OUTCOMES.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        _title, condition = OUTCOMES.get(self.value() or "", ("", Q()))
        return queryset.filter(condition)


class ReachedFilter(admin.SimpleListFilter):
    """Filters verifications by the step that one of their messages reached. Verified ones have reached every step."""

    title = _("step reached")
    parameter_name = "reached"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(name, title) for name, (title, _rank) in STEPS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        _title, rank = STEPS.get(self.value() or "", ("", None))
        if rank is None:
            return queryset
        reached = Message.objects.filter(verification=OuterRef("pk"), status_rank__gte=rank)
        return queryset.filter(Q(state=Verification.State.VERIFIED) | Exists(reached))


class OptOutStateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("standing", _("active")), ("lifted", _("lifted"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in ("standing", "lifted"):
            return queryset
        return queryset.filter(lifted_at__isnull=self.value() == "standing")


def _printable(text: str) -> str:
    if "\0" in text:  # PostgreSQL rejects it
        raise ValueError
    return text


def other_parameters(changelist: ChangeList, *names: str) -> list[tuple[str, str]]:
    """Return the page's other parameters, which the form of a filter submits again."""
    return [pair for pair in changelist.params.items() if pair[0] not in names]
