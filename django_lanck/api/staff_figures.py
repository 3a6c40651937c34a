"""What staff are told of the figures of a period: the ones of the dashboard, described and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import QueryDict
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from ..models import Channel
from ..models.time import site_day
from ..services import Figures, Scope, Totals
from .staff_serializers import Query

USUAL_DAYS: Final = 30
MOST_DAYS: Final = 366
MEDIAN, P95 = 0.5, 0.95
# So far from the ends of the calendar that every database can count from there.
CALENDAR: Final = (MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2099, 12, 31)))


class DeliveryQuery(Query):
    """Which days, and what of them."""

    since = serializers.DateField(
        required=False, help_text=f"The first day, where the site is. Default: {USUAL_DAYS} days with the last one."
    )
    until = serializers.DateField(
        required=False, validators=CALENDAR, help_text="The last day, itself included. Default: today."
    )
    purpose = serializers.CharField(max_length=50, required=False, help_text="One of the site's purposes.")
    channel = serializers.ChoiceField(choices=Channel.choices, required=False)
    country = serializers.RegexField(r"^[A-Z]{2}\Z", required=False, help_text="ISO code, such as `DE`.")
    mccmnc = serializers.RegexField(r"^[0-9]{5,6}\Z", required=False, help_text="Code of a network, such as `26201`.")

    @classmethod
    def scope(cls, query: QueryDict) -> Scope:
        """What a query asks for. Raises ValidationError, naming the field."""
        given = cls.read(query)
        until = given.pop("until", None) or site_day()
        since = given.pop("since", None) or until - timedelta(days=USUAL_DAYS - 1)
        if not 0 <= (until - since).days < MOST_DAYS:
            sentence = _("It has to be a day from since on, and at most %(days)s days in all.")
            raise ValidationError({"until": [sentence % {"days": MOST_DAYS}]})
        return Scope(since, until, **given)


class TimesSerializer(serializers.Serializer[Any]):
    """Null where there was none. Within 9.1 % of the exact times."""

    median = serializers.FloatField(allow_null=True, help_text="Seconds that half of them took at most.")
    p95 = serializers.FloatField(allow_null=True, help_text="Seconds that 95 of 100 took at most.")


class TotalsSerializer(serializers.Serializer[Any]):
    started = serializers.IntegerField(help_text="Verifications.")
    reached_lanck = serializers.IntegerField(help_text="Of these, those of which LANCK took a message.")
    reached_phone = serializers.IntegerField(help_text="Of these, those of which a message was delivered.")
    verified = serializers.IntegerField(help_text="Of these, those whose number was verified.")
    conversion = serializers.FloatField(allow_null=True, help_text="`verified` to `started`.")
    proof_seconds = TimesSerializer(help_text="From a start until the number was verified.")
    messages = serializers.IntegerField()
    refused = serializers.IntegerField(help_text="Messages that were surely not sent.")
    unknown = serializers.IntegerField(help_text="Messages of which it is unknown whether they were sent.")
    accepted = serializers.IntegerField(help_text="Messages that LANCK took.")
    delivered = serializers.IntegerField()
    undelivered = serializers.IntegerField()
    unsettled = serializers.IntegerField(help_text="Messages that LANCK took and that have no final status.")
    delivery_rate = serializers.FloatField(allow_null=True, help_text="`delivered` to `accepted`.")
    delivery_seconds = TimesSerializer(help_text="From a message until it was delivered.")
    priced = serializers.IntegerField(help_text="Messages of which LANCK told a price.")
    cost = serializers.CharField(help_text="The sum of these prices, in LANCK's currency.")


class DaySerializer(TotalsSerializer):
    day = serializers.DateField()


class PurposeSerializer(TotalsSerializer):
    purpose = serializers.CharField(allow_blank=True, help_text="Empty for messages of no verification.")


class ChannelSerializer(TotalsSerializer):
    channel = serializers.CharField()


class CountrySerializer(TotalsSerializer):
    country = serializers.CharField(allow_blank=True, help_text="Empty where it is not known.")


class NetworkSerializer(CountrySerializer):
    mccmnc = serializers.CharField(allow_blank=True)
    network = serializers.CharField(allow_blank=True, help_text="Its name, where LANCK told it.")


class RefusedSerializer(serializers.Serializer[Any]):
    rule = serializers.CharField()
    watched = serializers.BooleanField(help_text="Whether the rule only watched.")
    count = serializers.IntegerField()


class FraudSerializer(serializers.Serializer[Any]):
    status = serializers.CharField(help_text="LANCK's word.")
    count = serializers.IntegerField()


class ErrorSerializer(serializers.Serializer[Any]):
    day = serializers.DateField()
    hour = serializers.IntegerField(help_text="0 to 23, where the site is.")
    code = serializers.IntegerField(help_text="LANCK's code.")
    count = serializers.IntegerField()


class DeliverySerializer(serializers.Serializer[Any]):
    """The figures of a period, as :func:`represent_figures` gives them."""

    since = serializers.DateField()
    until = serializers.DateField()
    total = TotalsSerializer()
    by_day = DaySerializer(many=True, help_text="Every day.")
    by_purpose = PurposeSerializer(many=True, help_text="The one with the most messages first, like all that follow.")
    by_channel = ChannelSerializer(many=True)
    by_country = CountrySerializer(many=True)
    by_network = NetworkSerializer(many=True)
    refusals = RefusedSerializer(many=True, help_text="Narrowed by purpose and country alone.")
    fraud = FraudSerializer(many=True, help_text="Narrowed by country alone.")
    errors = ErrorSerializer(  # type: ignore[assignment]  # DRF's own attribute of the same name is not used
        many=True, help_text="Narrowed by country alone."
    )
    uncounted_days = serializers.ListField(child=serializers.DateField(), help_text="Days that are in no figure yet.")
    dirty_days = serializers.ListField(
        child=serializers.DateField(), help_text="Days of which something changed since they were counted."
    )


def represent_figures(figures: Figures) -> dict[str, Any]:
    """The figures as :class:`DeliverySerializer` describes them."""
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
    shown = {name: getattr(totals, name) for name in TOTALS if name not in TIMES}
    times = {name: {"median": time_of(totals, MEDIAN), "p95": time_of(totals, P95)} for name, time_of in TIMES.items()}
    return {**shown, **times, "cost": f"{totals.cost:f}"}


TOTALS: Final = tuple(TotalsSerializer().fields)
TIMES: Final = {"proof_seconds": Totals.proof_time, "delivery_seconds": Totals.delivery_time}
