from __future__ import annotations

from django.contrib import admin
from django.utils import timezone
from django.utils.formats import localize
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ...models import NumberInsight
from ...services.provider.insight import reused_until
from ..day_filter import DayFilter
from ..filters import filter_by
from ..labels import INSIGHT_LABELS, badge
from ..number.page import NumberAdmin


@admin.register(NumberInsight)
class NumberInsightAdmin(NumberAdmin):
    list_display = ["created_at", "number", "kind", "labelled_status", "network"]
    list_filter = [
        ("created_at", DayFilter),
        filter_by("kind", gettext_lazy("kind"), NumberInsight.Kind.choices),
        filter_by("status", gettext_lazy("status"), INSIGHT_LABELS.items()),
    ]
    search_help_text = gettext_lazy("A phone number with its country code, in any spelling.")
    masks = {"number": "masked_number", "imsi": ""}
    free_texts = ("payload",)
    fieldsets = [
        (None, {"fields": ["number", "kind", "labelled_status", "created_at", "next_lookup"]}),
        (
            gettext_lazy("What LANCK knows"),
            {"fields": ["country", "network", "mccmnc", "mobile_prefix", "ported", "roaming", "imsi"]},
        ),
        (gettext_lazy("The answer"), {"fields": ["request_id", "payload"]}),
    ]

    @admin.display(description=gettext_lazy("status"))
    def labelled_status(self, insight: NumberInsight) -> SafeString:
        return badge(insight.status, INSIGHT_LABELS.get(insight.status))

    @admin.display(description=gettext_lazy("another lookup"))
    def next_lookup(self, insight: NumberInsight) -> str:
        until = reused_until(insight)
        if until is None:
            return _("returns a newer answer: LANCK was called since.")
        if until <= timezone.now():
            return _("calls LANCK again: this answer is too old.")
        return _("returns this answer until %s, then calls LANCK again.") % localize(timezone.localtime(until))
