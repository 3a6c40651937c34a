from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from ..models import DatabaseNow, Message, Verification, VerifiedNumber
from .base import METHOD_CHOICES, ReadOnlyAdmin, badge, filter_by, owner_name
from .timeline import timeline


@admin.register(Verification)
class VerificationAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "number", "status", "delivery", "method", "attempts_spent", "purpose"]
    list_filter = ["state", filter_by("method", _("method"), METHOD_CHOICES), "created_at"]
    id_fields = ("id",)
    change_form_template = "admin/lanck/verification/change_form.html"
    fields = [
        "number",
        "purpose",
        "method",
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

    def get_queryset(self, request: HttpRequest) -> QuerySet[Verification]:
        newest = Message.objects.filter(verification=OuterRef("pk")).order_by("-pk")
        queryset: QuerySet[Verification] = super().get_queryset(request)
        return queryset.annotate(  # type: ignore[no-redef]
            now=DatabaseNow(), newest_status=Subquery(newest.values("status")[:1])
        )

    @admin.display(description=_("state"), ordering="state")
    def status(self, verification: Verification) -> SafeString:
        return badge(verification.current_state)

    @admin.display(description=_("delivery"))
    def delivery(self, verification: Any) -> SafeString | str:
        return badge(verification.newest_status) if verification.newest_status else "–"

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

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = {**(extra_context or {}), "timeline": lambda: timeline(object_id)}
        return super().change_view(request, object_id, form_url, context)

    def messages_of(self, queryset: QuerySet[Verification]) -> QuerySet[Message]:
        return Message.objects.filter(verification__in=queryset.values("pk"))


@admin.register(VerifiedNumber)
class VerifiedNumberAdmin(ReadOnlyAdmin):
    list_display = ["verified_at", "number", "owner"]
    list_select_related = ["user"]
    fields = ["number", "owner", "verified_at"]
    actions = None

    @admin.display(description=_("owner"))
    def owner(self, claim: VerifiedNumber) -> str:
        return owner_name(claim.user, claim.number)
