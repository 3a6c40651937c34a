from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from ...models import Channel, DatabaseNow, Message, Verification, VerifiedNumber
from ..base import link_to
from ..day_filter import DayFilter
from ..filters import PurposeFilter, ReachedFilter, StateFilter, TestFilter, filter_by
from ..labels import badge, channel_name
from ..masking import Mask, owner_name
from ..number.page import NumberAdmin
from ..timeline import Event, verification_timeline
from .refresh import RefreshAdmin


@admin.register(Verification)
class VerificationAdmin(RefreshAdmin):
    list_display = ["created_at", "number", "status", "delivery", "sent_by", "attempts_spent", "purpose"]
    list_filter = [
        ("created_at", DayFilter),
        StateFilter,
        filter_by("method", _("method"), Channel.choices),
        ReachedFilter,
        PurposeFilter,
        TestFilter,
    ]
    id_fields = ("id",)
    fields = [
        "number",
        "purpose",
        "sent_by",
        "code_source",
        "status",
        "delivery",
        "attempts_spent",
        "resends",
        "started_by",
        "owner",
        "language",
        "expires_at",
        "id",
    ]

    def get_urls(self) -> list[URLPattern]:
        find = path("number/", self.admin_site.admin_view(self.find_view), name="lanck_find_number")
        return [find, *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Verification]:
        newest = Message.objects.filter(verification=OuterRef("pk")).order_by("-pk")
        queryset: QuerySet[Verification] = super().get_queryset(request)
        return queryset.annotate(  # type: ignore[no-redef]
            now=DatabaseNow(), newest_status=Subquery(newest.values("status")[:1])
        )

    @admin.display(description=_("state"))
    def status(self, verification: Verification) -> SafeString:
        return badge(verification.current_state)

    @admin.display(description=_("delivery"))
    def delivery(self, verification: Any) -> SafeString | str:
        return badge(verification.newest_status) if verification.newest_status else "–"

    @admin.display(description=_("method"))
    def sent_by(self, verification: Verification) -> str:
        return channel_name(verification.method)

    @admin.display(description=_("attempts"))
    def attempts_spent(self, verification: Verification) -> str:
        return f"{verification.attempts} / {verification.max_attempts}"

    @admin.display(description=_("owner of the number"))
    def owner(self, verification: Verification) -> str:
        claim = VerifiedNumber.objects.filter(verification=verification.pk).select_related("user").first()
        return owner_name(claim and claim.user, verification.number)

    @admin.display(description=_("started by"))
    def started_by(self, verification: Verification) -> str:
        return owner_name(verification.user, verification.number)

    def events(self, row: Verification, mask: Mask) -> list[Event]:
        return verification_timeline(row, mask)

    def messages_of(self, queryset: QuerySet[Verification]) -> QuerySet[Message]:
        return Message.objects.filter(verification__in=queryset.values("pk"))


@admin.register(VerifiedNumber)
class VerifiedNumberAdmin(NumberAdmin):
    list_display = ["verified_at", "number", "owner"]
    time_field = "verified_at"
    list_filter = [("verified_at", DayFilter)]
    list_select_related = ["user"]
    fields = ["number", "owner", "of_verification", "verified_at"]
    search_help_text = _("A phone number with its country code, in any spelling.")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Allow deleting a claim together with its user, not on its own pages."""
        page = getattr(request.resolver_match, "url_name", None) or ""
        is_own = page.startswith(f"{self.opts.app_label}_{self.opts.model_name}_")
        return not is_own and request.user.has_perm("lanck.delete_verifiednumber")

    @admin.display(description=_("owner"))
    def owner(self, claim: VerifiedNumber) -> str:
        return owner_name(claim.user, claim.number)

    @admin.display(description=_("verification"))
    def of_verification(self, claim: VerifiedNumber) -> SafeString | str:
        return link_to(Verification, claim.verification_id)
