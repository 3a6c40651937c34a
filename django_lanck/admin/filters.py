"""Filters. None reads a table to learn which values there are. A list takes all of its filters together, by address:

messages        ``status``, ``channel``, ``country``, ``category``, ``purpose``, ``mccmnc``, ``error_code``,
                ``is_test``, ``outcome`` (``accepted``, ``delivered``, ``undelivered``, ``unsettled``)
verifications   ``state``, ``method``, ``purpose``, ``is_test``, ``reached`` (the step: ``lanck``, ``phone``)
insights        ``kind``, ``status``
opt-outs        ``state``, which is ``standing`` or ``lifted``
each by time    ``created_at__gte`` and ``created_at__lt`` (inbound messages ``received_at``, opt-outs ``opted_out_at``,
                verified numbers ``verified_at``): a day like ``2026-11-25``, which begins in the site's time zone, or a
                moment like ``2026-11-25T12:01:03+00:00``

``-`` stands for no value at all (``?country=-``). Values that are no choice of a filter work too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import phonenumbers
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import SEARCH_VAR
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Concat
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from ..conf import conf
from ..models import Message, Status, Verification
from ..models.message import FINAL_RANK, RANKS

if TYPE_CHECKING:
    from django.contrib.admin.views.main import ChangeList

NO_VALUE: Final = "-"
IN_A_BOX: Final = "admin/lanck/select_filter.html"
AS_TEXT: Final = "admin/lanck/text_filter.html"


def filter_by(
    name: str,
    title: Any,
    choices: Iterable[tuple[str, Any]] | Callable[[], Iterable[tuple[str, Any]]] = (),
    *,
    of: Combinable | None = None,
    no_value: str | None = "",
    template: str = "admin/filter.html",
) -> type[admin.SimpleListFilter]:
    """A filter by the values of a column, or ``of`` an expression; ``no_value`` is what it is where there is none."""

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
            if of is not None:
                queryset = queryset.alias(**{f"of_{name}": of})
            column = f"of_{name}" if of is not None else name
            try:
                return queryset.filter(**{column: no_value if chosen == NO_VALUE else _printable(chosen)})
            except (ValueError, ValidationError) as error:
                raise IncorrectLookupParameters from error

        def choices(self, changelist: ChangeList) -> Iterator[Any]:
            self.kept = _kept(changelist, name)
            return super().choices(changelist)

    ValueFilter.title = title
    ValueFilter.template = template
    return ValueFilter


def _purposes() -> list[tuple[str, str]]:
    return [(purpose, purpose) for purpose in conf.purposes]


def _sent_purposes() -> list[tuple[str, Any]]:
    return [*_purposes(), (NO_VALUE, _("none"))]


# All that phone numbers can belong to: far too many for a list of links, so they are chosen from a box by typing.
COUNTRIES: list[tuple[str, Any]] = [(NO_VALUE, _("none"))]
COUNTRIES += [
    (region, f"{region} +{phonenumbers.country_code_for_region(region)}")
    for region in sorted(phonenumbers.SUPPORTED_REGIONS)
]

CountryFilter = filter_by("country", _("country"), COUNTRIES, template=IN_A_BOX)
# As an expression: the index of the state is in another order, and SQLite would sort all that are verified.
StateFilter = filter_by("state", _("state"), Verification.State.choices, of=Concat("state", Value("")))
PurposeFilter = filter_by("purpose", _("purpose"), _purposes)
# Not by a join, where the database might begin with all verifications of a purpose.
PURPOSE_OF_MESSAGE = Subquery(Verification.objects.filter(pk=OuterRef("verification_id")).values("purpose")[:1])
SentPurposeFilter = filter_by("purpose", _("purpose"), _sent_purposes, of=PURPOSE_OF_MESSAGE, no_value=None)
NetworkFilter = filter_by("mccmnc", _("network code"), template=AS_TEXT)
ErrorFilter = filter_by("error_code", _("error code"), no_value=None, template=AS_TEXT)
TestFilter = filter_by("is_test", _("test numbers"), [("0", _("leave out")), ("1", _("nothing else"))])


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
    """What became of a message, as the figures count it: of LANCK's words several may be one outcome."""

    title = _("outcome")
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(name, title) for name, (title, _condition) in OUTCOMES.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        _title, condition = OUTCOMES.get(self.value() or "", ("", Q()))
        return queryset.filter(condition)


class ReachedFilter(admin.SimpleListFilter):
    """Verifications one of whose messages came so far. A code that was verified arrived, whatever the network said."""

    title = _("step reached")
    parameter_name = "reached"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(name, title) for name, (title, _rank) in STEPS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        _title, rank = STEPS.get(self.value() or "", ("", None))
        if rank is None:
            return queryset
        arrived = Message.objects.filter(verification=OuterRef("pk"), status_rank__gte=rank)
        return queryset.filter(Q(state=Verification.State.VERIFIED) | Exists(arrived))


class StandingFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("standing", _("standing")), ("lifted", _("lifted"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in ("standing", "lifted"):
            return queryset
        return queryset.filter(lifted_at__isnull=self.value() == "standing")


class DaysFilter(admin.FieldListFilter):
    """From a day on and before another, by links and by two boxes; of these days the newest rows, so many.

    The first filter of each list: what the others leave is looked for among these rows, so that none of them needs an
    index, which would cost every message that is sent. What is searched for has an index of its own.
    """

    template = "admin/lanck/days_filter.html"
    # The time of the last of these rows, where there are more before it.
    reaches_back_to: datetime | None = None

    def __init__(self, field: Any, request: HttpRequest, params: Any, model: Any, model_admin: Any, field_path: str):
        super().__init__(field, request, params, model, model_admin, field_path)
        self.title = _("day")
        self.reach: int = model_admin.list_reach

    def expected_parameters(self) -> list[Any]:
        return [f"{self.field_path}__gte", f"{self.field_path}__lt"]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        bounds = {name: _moment(text) for name, text in self._chosen().items()}
        searched = request.GET.get(SEARCH_VAR, "").strip()
        if not searched or "\0" in searched:  # which nothing is searched by
            times = queryset.filter(**bounds).order_by(f"-{self.field_path}").values_list(self.field_path, flat=True)
            last = list(times[self.reach - 1 : self.reach + 1])
            if len(last) == 2:
                # In place of the first day: of two lower bounds a database may choose the wrong one to begin at.
                self.reaches_back_to = bounds[f"{self.field_path}__gte"] = last[0]
        return queryset.filter(**bounds)

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """The links. ``start`` and ``end`` are the two boxes: name and day."""
        since, before = self.expected_parameters()
        chosen = self._chosen()
        self.kept = _kept(changelist, since, before)
        self.start, self.end = ((name, _day(chosen.get(name))) for name in (since, before))
        today = timezone.localdate()
        links: list[tuple[Any, dict[str, str]]] = [(_("Any date"), {}), (_("Today"), {since: today.isoformat()})]
        for days in (7, 30, 90):
            first = today - timedelta(days=days - 1)
            links.append((ngettext("%d day", "%d days", days) % days, {since: first.isoformat()}))
        for display, wanted in links:
            address = changelist.get_query_string({since: None, before: None, **wanted})
            yield {"selected": wanted == chosen, "query_string": address, "display": display}

    def _chosen(self) -> dict[str, str]:
        given: dict[str, Any] = self.used_parameters
        return {name: values[-1] for name, values in given.items() if values[-1]}


def _moment(text: str) -> datetime:
    """A moment, or a day's beginning in the site's time zone, in UTC."""
    try:
        moment = parse_datetime(text)
        if moment is None:
            raise IncorrectLookupParameters
        aware = moment if timezone.is_aware(moment) else timezone.make_aware(moment)
        timezone.localtime(aware)  # the boxes show that day: at the ends of the calendar there may be none
        return aware.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise IncorrectLookupParameters from error


def _day(text: str | None) -> str:
    return timezone.localtime(_moment(text)).date().isoformat() if text else ""


def _printable(text: str) -> str:
    if "\0" in text:  # PostgreSQL takes none
        raise ValueError
    return text


def _kept(changelist: ChangeList, *names: str) -> list[tuple[str, str]]:
    """What else is chosen on the page; it has to survive the form of a filter."""
    return [pair for pair in changelist.params.items() if pair[0] not in names]
