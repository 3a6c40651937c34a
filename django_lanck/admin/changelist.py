"""Lists whose pages cost the same whatever the table holds: newest first, never counted, and read so far back only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import EmptyPage, InvalidPage, Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

from .filters import DaysFilter

if TYPE_CHECKING:
    AnyPaginator = Paginator[Any]
    AnyPage = Page[Any]
else:
    AnyPaginator = Paginator


class UncountedPaginator(AnyPaginator):
    """Nothing is counted: a page is read with one row more, which tells whether another page follows."""

    has_more = False

    def __init__(self, rows: QuerySet[Any], per_page: int, reach: int) -> None:
        super().__init__(rows, per_page)
        self.reach = reach

    def page(self, number: int | str) -> AnyPage:
        """Raises InvalidPage. From then on ``count`` is how many rows are known of."""
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
    """A list by its time, of which a page is read and nothing else."""

    model_admin: Any

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        """Always the same: by any other column the whole table would have to be sorted."""
        return [f"-{self.model_admin.time_field}", "-pk"]

    def get_ordering_field_columns(self) -> dict[int, Any]:
        return {}

    def get_results(self, request: HttpRequest) -> None:
        paginator = UncountedPaginator(self.queryset, self.list_per_page, self.model_admin.list_reach)
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
    def days(self) -> DaysFilter:
        """The filter that says how far back the list reaches."""
        return next(each for each in self.filter_specs if isinstance(each, DaysFilter))

    @property
    def further_back(self) -> str:
        """The address of the list before these rows, if there is one."""
        last = self.days.reaches_back_to
        return self.get_query_string({f"{self.days.field_path}__lt": last.isoformat()}) if last else ""
