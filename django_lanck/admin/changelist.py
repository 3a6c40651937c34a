"""Lists whose pages cost the same whatever the table holds: newest first, never counted, and read so far back only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import EmptyPage, InvalidPage, Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

from .filters import DaysFilter

if TYPE_CHECKING:
    from datetime import datetime

    AnyPaginator = Paginator[Any]
    AnyPage = Page[Any]
else:
    AnyPaginator = Paginator

# So many rows a list looks through, then people choose to look further back: no index serves every filter, and each
# would cost every message that is sent.
REACH: Final = 10_000


class UncountedPaginator(AnyPaginator):
    """Nothing is counted: a page is read with one row more, which tells whether there is another page."""

    has_more = False

    def page(self, number: int | str) -> AnyPage:
        """Raises InvalidPage. From then on ``count`` is how many rows are known of."""
        first = (int(number) - 1) * self.per_page
        if not 0 <= first < REACH:
            raise EmptyPage
        rows = list(self.object_list[first : first + self.per_page + 1])
        if first and not rows:
            raise EmptyPage
        self.has_more = len(rows) > self.per_page
        self.count = first + len(rows)
        return Page(rows[: self.per_page], int(number), self)

    @property
    def num_pages(self) -> int:
        return -(-min(self.count, REACH) // self.per_page)


class NewestFirst(ChangeList):
    """A list by its time. Of ``REACH`` rows at most it shows what the filters leave, and links to those before."""

    model_admin: Any
    reach = REACH
    # The time of the last row that was looked at, where there are more before it.
    reaches_back_to: datetime | None = None

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        queryset: QuerySet[Any] = super().get_queryset(request, exclude_parameters)
        if self.query:  # its index is that of the number
            return queryset
        time = self.model_admin.time_field
        days = next(each for each in self.filter_specs if isinstance(each, DaysFilter))
        rows = days.queryset(request, self.root_queryset).order_by(f"-{time}").values_list(time, flat=True)
        last = list(rows[REACH - 1 : REACH + 1])
        if len(last) < 2:
            return queryset
        self.reaches_back_to = last[0]
        return queryset.filter(**{f"{time}__gte": last[0]})

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        """Always the same: by any other column the whole table would have to be sorted."""
        return [f"-{self.model_admin.time_field}", "-pk"]

    def get_ordering_field_columns(self) -> dict[int, Any]:
        return {}

    def get_results(self, request: HttpRequest) -> None:
        paginator: UncountedPaginator = self.model_admin.get_paginator(request, self.queryset, self.list_per_page)
        try:
            self.result_list = paginator.page(self.page_num).object_list
        except InvalidPage as error:
            raise IncorrectLookupParameters from error
        # Those up to the end of this page.
        self.result_count = self.full_result_count = paginator.count - paginator.has_more
        self.multi_page = paginator.num_pages > 1
        self.can_show_all = self.show_full_result_count = False
        self.show_admin_actions = True
        self.paginator = paginator

    @property
    def further_back(self) -> str:
        """The address of the list before these rows, if there is one."""
        if self.reaches_back_to is None:
            return ""
        return self.get_query_string({f"{self.model_admin.time_field}__lt": self.reaches_back_to.isoformat()})
