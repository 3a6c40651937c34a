"""A changelist whose pages cost the same at any table size: ordered by time, never counted, limited in depth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import EmptyPage, InvalidPage, Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

from .day_filter import DayFilter

if TYPE_CHECKING:
    AnyPaginator = Paginator[Any]
    AnyPage = Page[Any]
else:
    AnyPaginator = Paginator


class UncountedPaginator(AnyPaginator):
    """A paginator without COUNT: it reads one row more than a page holds to find out whether another page follows."""

    has_more = False

    def __init__(self, rows: QuerySet[Any], per_page: int, reach: int) -> None:
        super().__init__(rows, per_page)
        self.reach = reach

    def page(self, number: int | str) -> AnyPage:
        """Read a page and set ``count`` to the number of rows known so far. Raises InvalidPage."""
        first = (int(number) - 1) * self.per_page
        if not 0 <= first < self.reach:
            raise EmptyPage
        rows = list(self.object_list[first : first + self.per_page + 1])
        if first and not rows:
            raise EmptyPage
        self.has_more = len(rows) > self.per_page
        self.count = first + len(rows)
        return Page(rows[: self.per_page], int(number), self)

    @property
    def num_pages(self) -> int:
        return -(-min(self.count, self.reach) // self.per_page)


class NewestFirst(ChangeList):
    """A changelist ordered by time, newest first, which reads one page."""

    model_admin: Any

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        """Return the time and the key. Any other order would sort the whole table."""
        return [f"-{self.model_admin.time_field}", "-pk"]

    def get_ordering_field_columns(self) -> dict[int, Any]:
        return {}

    def get_results(self, request: HttpRequest) -> None:
        paginator = UncountedPaginator(self.queryset, self.list_per_page, self.model_admin.list_reach)
        try:
            self.result_list = paginator.page(self.page_num).object_list
        except InvalidPage as error:
            raise IncorrectLookupParameters from error
        # The number of rows up to the end of this page.
        self.result_count = self.full_result_count = paginator.count - paginator.has_more
        self.multi_page = paginator.num_pages > 1
        self.can_show_all = self.show_full_result_count = False
        self.show_admin_actions = True
        self.paginator = paginator

    @property
    def day_filter(self) -> DayFilter:
        return next(each for each in self.filter_specs if isinstance(each, DayFilter))

    @property
    def older_rows_url(self) -> str:
        """The URL of the list of older rows; empty if there are none."""
        oldest, field = self.day_filter.oldest_time, self.day_filter.field_path
        return self.get_query_string({f"{field}__lt": oldest.isoformat()}) if oldest else ""
