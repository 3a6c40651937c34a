"""The figures of a period in the staff API: the query, the schema and the JSON. They are those of the dashboard."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import QueryDict
from rest_framework import serializers

from ..models import Channel
from ..services import Figures, Scope, Totals
from ..services.figures.scope import FILTER_PATTERNS, scope_of_period
from .staff_serializers import Query

DEFAULT_DAYS: Final = 30
MEDIAN, P95 = 0.5, 0.95
# Databases cannot calculate with days near the ends of the calendar.
CALENDAR_LIMITS: Final = (MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2099, 12, 31)))


class DeliveryQuery(Query):
    """The period and the filters."""

    since = serializers.DateField(
        required=False,
        help_text=f"The first day, in the site's time zone. Default: a period of {DEFAULT_DAYS} days.",
    )
    until = serializers.DateField(
        required=False, validators=CALENDAR_LIMITS, help_text="The last day, included. Default: today."
    )
    purpose = serializers.CharField(max_length=50, required=False, help_text="One of the site's purposes.")
    channel = serializers.ChoiceField(choices=Channel.choices, required=False)
    country = serializers.RegexField(
        rf"^{FILTER_PATTERNS['country']}\Z", required=False, help_text="ISO code, such as `DE`."
    )
    mccmnc = serializers.RegexField(
        rf"^{FILTER_PATTERNS['mccmnc']}\Z", required=False, help_text="Code of a network, such as `26201`."
    )

    @classmethod
    def scope(cls, query: QueryDict) -> Scope:
        """Return the scope of a query. Raises ValidationError or InvalidArgument, naming the field."""
        filters = cls.parse(query)
        since, until = filters.pop("since", None), filters.pop("until", None)
        return scope_of_period(days=DEFAULT_DAYS, since=since, until=until, filters=filters)


class TimesSerializer(serializers.Serializer[Any]):
    """Null without any. Within 9.1 % of the exact times."""

    median = serializers.FloatField(allow_null=True, help_text="Seconds within which half of them were done.")
    p95 = serializers.FloatField(allow_null=True, help_text="Seconds within which 95 % of them were done.")


class TotalsSerializer(serializers.Serializer[Any]):
    started = serializers.IntegerField(help_text="Verifications.")
    reached_lanck = serializers.IntegerField(help_text="Of these, those with a message that LANCK accepted.")
    reached_phone = serializers.IntegerField(help_text="Of these, those with a delivered message.")
    verified = serializers.IntegerField(help_text="Of these, those whose number was verified.")
    conversion = serializers.FloatField(allow_null=True, help_text="`verified` divided by `started`.")
    proof_seconds = TimesSerializer(help_text="From the start until the number was verified.")
    messages = serializers.IntegerField()
    refused = serializers.IntegerField(help_text="Messages that LANCK refused, or that were certainly not sent.")
    unknown = serializers.IntegerField(help_text="Messages that may or may not have been sent.")
    accepted = serializers.IntegerField(help_text="Messages that LANCK accepted.")
    delivered = serializers.IntegerField()
    undelivered = serializers.IntegerField()
    unsettled = serializers.IntegerField(help_text="Accepted messages without a final status.")
    delivery_rate = serializers.FloatField(allow_null=True, help_text="`delivered` divided by `accepted`.")
    delivery_seconds = TimesSerializer(help_text="From the creation of a message until its delivery.")
    priced = serializers.IntegerField(help_text="Messages with a price.")
    cost = serializers.CharField(help_text="The sum of these prices, in LANCK's currency.")


class DaySerializer(TotalsSerializer):
    day = serializers.DateField()


class PurposeSerializer(TotalsSerializer):
    purpose = serializers.CharField(allow_blank=True, help_text="Empty for messages without a verification.")


class ChannelSerializer(TotalsSerializer):
    channel = serializers.CharField()


class CountrySerializer(TotalsSerializer):
    country = serializers.CharField(allow_blank=True, help_text="Empty if unknown.")


class NetworkSerializer(CountrySerializer):
    mccmnc = serializers.CharField(allow_blank=True)
    network = serializers.CharField(allow_blank=True, help_text="Its name, if LANCK reported it.")


class RefusedSerializer(serializers.Serializer[Any]):
    rule = serializers.CharField()
    watched = serializers.BooleanField(help_text="Whether the rule only reports and does not refuse.")
    count = serializers.IntegerField()


class FraudSerializer(serializers.Serializer[Any]):
    status = serializers.CharField(help_text="LANCK's status.")
    count = serializers.IntegerField()


class ErrorSerializer(serializers.Serializer[Any]):
    day = serializers.DateField()
    hour = serializers.IntegerField(help_text="0 to 23, in the site's time zone.")
    code = serializers.IntegerField(help_text="LANCK's error code.")
    count = serializers.IntegerField()


class DeliverySerializer(serializers.Serializer[Any]):
    """The figures of a period, as :func:`represent_figures` returns them."""

    since = serializers.DateField()
    until = serializers.DateField()
    total = TotalsSerializer()
    by_day = DaySerializer(many=True, help_text="Every day of the period.")
    by_purpose = PurposeSerializer(many=True, help_text="Ordered by messages, most first, like the groups below.")
    by_channel = ChannelSerializer(many=True)
    by_country = CountrySerializer(many=True)
    by_network = NetworkSerializer(many=True)
    refusals = RefusedSerializer(many=True, help_text="Filtered only by purpose and country.")
    fraud = FraudSerializer(many=True, help_text="Filtered only by country.")
    errors = ErrorSerializer(  # type: ignore[assignment]  # DRF's own attribute of the same name is not used
        many=True, help_text="Filtered only by country."
    )
    uncounted_days = serializers.ListField(child=serializers.DateField(), help_text="Days that are in no figure yet.")
    dirty_days = serializers.ListField(
        child=serializers.DateField(), help_text="Days that changed after they were counted."
    )


def represent_figures(figures: Figures) -> dict[str, Any]:
    """Return the figures in the shape of :class:`DeliverySerializer`."""
    networks = figures.networks
    return {
        "since": figures.scope.since,
        "until": figures.scope.until,
        "total": _totals(figures.total),
        "by_day": _grouped("day", figures.by_day),
        "by_purpose": _grouped("purpose", figures.by_purpose),
        "by_channel": _grouped("channel", figures.by_channel),
        "by_country": _grouped("country", figures.by_country),
        "by_network": [
            {**which._asdict(), "network": networks.get(which.mccmnc, ""), **_totals(totals)}
            for which, totals in figures.by_network.items()
        ],
        "refusals": [{**which._asdict(), "count": count} for which, count in figures.refusals.most_common()],
        "fraud": [{"status": status, "count": count} for status, count in figures.fraud.most_common()],
        "errors": [{**which._asdict(), "count": count} for which, count in sorted(figures.errors.items())],
        "uncounted_days": figures.uncounted_days,
        "dirty_days": figures.dirty_days,
    }


def _grouped(name: str, groups: Mapping[Any, Totals]) -> list[dict[str, Any]]:
    return [{name: value, **_totals(totals)} for value, totals in groups.items()]


def _totals(totals: Totals) -> dict[str, Any]:
    counts = {name: getattr(totals, name) for name in TOTALS if name not in TIMES}
    times = {name: {"median": time_of(totals, MEDIAN), "p95": time_of(totals, P95)} for name, time_of in TIMES.items()}
    return {**counts, **times, "cost": f"{totals.cost:f}"}


TOTALS: Final = tuple(TotalsSerializer().fields)
TIMES: Final = {"proof_seconds": Totals.proof_time, "delivery_seconds": Totals.delivery_time}
