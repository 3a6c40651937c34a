"""Today's figures in the formats of Prometheus. Needs the extra ``metrics``; imported only where it is used."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeHistogramMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from .services import Metrics, Totals
from .services.figures.histogram import cumulative, total_seconds

VERIFICATIONS: Final = {
    "started": "Verifications that were started today.",
    "accepted": "Verifications started today with a message that LANCK accepted.",
    "delivered": "Verifications started today with a delivered message.",
    "verified": "Verifications started today whose number was verified.",
}
STEPS: Final[Mapping[str, Callable[[Totals], int]]] = {
    "started": lambda totals: totals.started,
    "accepted": lambda totals: totals.reached_lanck,
    "delivered": lambda totals: totals.reached_phone,
    "verified": lambda totals: totals.verified,
}
# Counters never decrease: an accepted message stays accepted, a delivered one stays delivered.
MESSAGES: Final[Mapping[str, tuple[str, Callable[[Totals], int]]]] = {
    "lanck_messages": ("Messages sent today.", lambda totals: totals.messages),
    "lanck_messages_accepted": ("Messages sent today that LANCK accepted.", lambda totals: totals.accepted),
    "lanck_messages_delivered": ("Messages sent today that were delivered.", lambda totals: totals.delivered),
}
# A message has one outcome at a time, which may change, so these are gauges.
OUTCOMES: Final[Mapping[str, Callable[[Totals], int]]] = {
    "delivered": lambda totals: totals.delivered,
    "undelivered": lambda totals: totals.undelivered,
    "unsettled": lambda totals: totals.unsettled,
    "refused": lambda totals: totals.refused,
    "unknown": lambda totals: totals.unknown,
    "sending": lambda totals: totals.sending,
}


def as_prometheus(metrics: Metrics, accept: str) -> tuple[bytes, str]:
    """Return the metrics in the format that the header ``Accept`` asks for, and its content type."""
    registry = CollectorRegistry()
    registry.register(_Collector(metrics))
    try:
        encode, content_type = choose_encoder(accept)
    except (TypeError, ValueError):  # the version in the header is not a number
        encode, content_type = choose_encoder("")
    return encode(registry), content_type


class _Collector(Collector):
    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics

    def collect(self) -> Iterator[Metric]:
        yield from _verifications(self.metrics)
        yield from _messages(self.metrics)
        yield from _by_country(self.metrics)
        yield from _refusals_and_errors(self.metrics)
        yield from _current_state(self.metrics)


def _verifications(metrics: Metrics) -> Iterator[Metric]:
    for step, text in VERIFICATIONS.items():
        family = CounterMetricFamily(f"lanck_verifications_{step}", text, labels=["purpose"])
        for purpose, totals in metrics.started.items():
            family.add_metric([purpose], STEPS[step](totals))
        yield family
    text = "Seconds from the start of today's verifications until the number was verified."
    times = GaugeHistogramMetricFamily("lanck_proof_seconds", text, labels=["purpose"])
    for purpose, totals in metrics.started.items():
        _add_histogram(times, [purpose], totals.proof_seconds)
    yield times


def _messages(metrics: Metrics) -> Iterator[Metric]:
    for name, (text, count_of) in MESSAGES.items():
        family = CounterMetricFamily(name, text, labels=["purpose", "channel"])
        for labels, totals in metrics.sent.items():
            family.add_metric(labels, count_of(totals))
        yield family
    text = "Seconds until today's messages were delivered."
    times = GaugeHistogramMetricFamily("lanck_delivery_seconds", text, labels=["channel"])
    for channel, totals in metrics.by_channel.items():
        _add_histogram(times, [channel], totals.delivery_seconds)
    yield times


def _add_histogram(family: GaugeHistogramMetricFamily, labels: Sequence[str], histogram: Mapping[int, int]) -> None:
    buckets = [(f"{bound:g}", float(count)) for bound, count in cumulative(histogram)]
    total = ("+Inf", float(sum(histogram.values())))
    family.add_metric(labels, [*buckets, total], float(total_seconds(histogram)))


def _by_country(metrics: Metrics) -> Iterator[Metric]:
    messages = GaugeMetricFamily(
        "lanck_today_messages", "Messages sent today by their outcome so far.", labels=["country", "channel", "outcome"]
    )
    verifications = GaugeMetricFamily(
        "lanck_today_verifications",
        "Verifications started today by the steps that they have reached.",
        labels=["country", "channel", "step"],
    )
    cost = GaugeMetricFamily(
        "lanck_today_cost", "Sum of the prices that LANCK reported for today's messages.", labels=["country", "channel"]
    )
    for labels, totals in metrics.countries.items():
        for outcome, count_of in OUTCOMES.items():
            messages.add_metric([*labels, outcome], count_of(totals))
        for step, count_of in STEPS.items():
            verifications.add_metric([*labels, step], count_of(totals))
        cost.add_metric(labels, float(totals.cost))
    yield from (messages, verifications, cost)


def _refusals_and_errors(metrics: Metrics) -> Iterator[Metric]:
    refusals = CounterMetricFamily(
        "lanck_refusals",
        "Requests refused today, or reported by a watched rule.",
        labels=["rule", "purpose", "watched"],
    )
    for refused, count in metrics.refusals.items():
        refusals.add_metric([refused.rule, refused.purpose, str(refused.watched).lower()], count)
    errors = GaugeMetricFamily("lanck_today_errors", "LANCK's errors of today by error code.", labels=["code"])
    for code, count in metrics.errors.items():
        errors.add_metric([code], count)
    yield from (refusals, errors)


def _current_state(metrics: Metrics) -> Iterator[Metric]:
    paused = GaugeMetricFamily("lanck_paused", "Prefixes and countries that are paused now.", labels=["of"])
    for what, count in metrics.paused.items():
        paused.add_metric([what], count)
    yield paused
    for name, text, value in (
        ("unsettled_messages", "Recent messages that LANCK accepted, without a final status.", metrics.unsettled),
        ("unknown_messages", "Recent messages with an unknown outcome.", metrics.unknown),
        (
            "oldest_unsettled_seconds",
            "Age of the oldest recent message without a final status.",
            metrics.oldest_unsettled,
        ),
        ("uncounted_days", "Past days that are not counted, yesterday included.", metrics.uncounted_days),
        ("dirty_days", "Days that changed after they were counted.", metrics.dirty_days),
    ):
        yield GaugeMetricFamily(f"lanck_{name}", text, value=value)
