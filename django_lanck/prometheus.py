"""The figures of today as Prometheus reads them. Needs the extra ``metrics``: imported only where it is used."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeHistogramMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from .services.figures.aggregate import Totals
from .services.figures.histogram import BUCKETS, FIRST, RATIO
from .services.figures.metrics import Metrics

# The buckets are four to a doubling: a doubling is enough here.
BOUND: Final = 4
BOUNDS: Final = [(end, FIRST * RATIO**end) for end in range(BOUND, BUCKETS, BOUND)]

VERIFICATIONS: Final = {
    "started": "Verifications that were started today.",
    "accepted": "Verifications started today of which LANCK took a message.",
    "delivered": "Verifications started today of which a message was delivered.",
    "verified": "Verifications started today whose number was verified.",
}
STEPS: Final[Mapping[str, Callable[[Totals], int]]] = {
    "started": lambda totals: totals.started,
    "accepted": lambda totals: totals.reached_lanck,
    "delivered": lambda totals: totals.reached_phone,
    "verified": lambda totals: totals.verified,
}
# These never fall: a message that LANCK took stays one, and so does one that was delivered.
MESSAGES: Final[Mapping[str, tuple[str, Callable[[Totals], int]]]] = {
    "lanck_messages": ("Messages of today.", lambda totals: totals.messages),
    "lanck_messages_accepted": ("Messages of today that LANCK took.", lambda totals: totals.accepted),
    "lanck_messages_delivered": ("Messages of today that were delivered.", lambda totals: totals.delivered),
}
# Each message is in one of these, and may move to another.
OUTCOMES: Final[Mapping[str, Callable[[Totals], int]]] = {
    "delivered": lambda totals: totals.delivered,
    "undelivered": lambda totals: totals.undelivered,
    "unsettled": lambda totals: totals.unsettled,
    "refused": lambda totals: totals.refused,
    "unknown": lambda totals: totals.unknown,
    "sending": lambda totals: totals.messages - totals.accepted - totals.refused - totals.unknown,
}


def as_prometheus(metrics: Metrics, accept: str) -> tuple[bytes, str]:
    """The figures in the format that the header ``Accept`` asks for, and its content type."""
    registry = CollectorRegistry()
    registry.register(_Collector(metrics))
    try:
        encode, content_type = choose_encoder(accept)
    except (TypeError, ValueError):  # it compares a version that is no number
        encode, content_type = choose_encoder("")
    return encode(registry), content_type


class _Collector(Collector):
    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics

    def collect(self) -> Iterator[Metric]:
        yield from _verifications(self.metrics)
        yield from _messages(self.metrics)
        yield from _by_country(self.metrics)
        yield from _troubles(self.metrics)
        yield from _standing(self.metrics)


def _verifications(metrics: Metrics) -> Iterator[Metric]:
    for step, text in VERIFICATIONS.items():
        family = CounterMetricFamily(f"lanck_verifications_{step}", text, labels=["purpose"])
        for purpose, totals in metrics.started.items():
            family.add_metric([purpose], STEPS[step](totals))
        yield family
    text = "Seconds from the start of today's verifications until they were verified."
    times = GaugeHistogramMetricFamily("lanck_proof_seconds", text, labels=["purpose"])
    for purpose, totals in metrics.started.items():
        _add_times(times, [purpose], totals.proof_seconds)
    yield times


def _messages(metrics: Metrics) -> Iterator[Metric]:
    for name, (text, count_of) in MESSAGES.items():
        family = CounterMetricFamily(name, text, labels=["purpose", "channel"])
        for which, totals in metrics.sent.items():
            family.add_metric(which, count_of(totals))
        yield family
    by_channel: dict[str, Totals] = {}
    for (_purpose, channel), totals in metrics.sent.items():
        by_channel.setdefault(channel, Totals()).add(totals)
    times = GaugeHistogramMetricFamily(
        "lanck_delivery_seconds", "Seconds until today's messages were delivered.", labels=["channel"]
    )
    for channel, totals in by_channel.items():
        _add_times(times, [channel], totals.delivery_seconds)
    yield times


def _add_times(family: GaugeHistogramMetricFamily, labels: Sequence[str], counts: Mapping[int, int]) -> None:
    """The sum is that of the buckets' middles, so within 9.1 % of the exact one."""
    buckets = [(f"{bound:g}", float(sum(n for bucket, n in counts.items() if bucket < end))) for end, bound in BOUNDS]
    middle = sum(n * FIRST * RATIO ** (bucket + 0.5) for bucket, n in counts.items())
    family.add_metric(labels, [*buckets, ("+Inf", float(sum(counts.values())))], float(middle))


def _by_country(metrics: Metrics) -> Iterator[Metric]:
    messages = GaugeMetricFamily(
        "lanck_today_messages",
        "Messages of today by what became of them so far.",
        labels=["country", "channel", "outcome"],
    )
    verifications = GaugeMetricFamily(
        "lanck_today_verifications",
        "Verifications of today by the steps that they reached so far.",
        labels=["country", "channel", "step"],
    )
    cost = GaugeMetricFamily(
        "lanck_today_cost", "What LANCK told of the prices of today's messages.", labels=["country", "channel"]
    )
    for which, totals in metrics.countries.items():
        for outcome, count_of in OUTCOMES.items():
            messages.add_metric([*which, outcome], count_of(totals))
        for step, count_of in STEPS.items():
            verifications.add_metric([*which, step], count_of(totals))
        cost.add_metric(which, float(totals.cost))
    yield from (messages, verifications, cost)


def _troubles(metrics: Metrics) -> Iterator[Metric]:
    refusals = CounterMetricFamily(
        "lanck_refusals", "What rules turned down today.", labels=["rule", "purpose", "watched"]
    )
    for refused, count in metrics.refusals.items():
        refusals.add_metric([refused.rule, refused.purpose, str(refused.watched).lower()], count)
    errors = GaugeMetricFamily("lanck_today_errors", "LANCK's errors of today, by its codes.", labels=["code"])
    for code, count in metrics.errors.items():
        errors.add_metric([code], count)
    yield from (refusals, errors)


def _standing(metrics: Metrics) -> Iterator[Metric]:
    paused = GaugeMetricFamily("lanck_paused", "Prefixes and countries that are paused now.", labels=["of"])
    for what, count in metrics.paused.items():
        paused.add_metric([what], count)
    yield paused
    for name, text, value in (
        ("unsettled_messages", "Recent messages that LANCK took and that have no final status.", metrics.unsettled),
        ("unknown_messages", "Recent messages of which it is unknown whether they were sent.", metrics.unknown),
        (
            "oldest_unsettled_seconds",
            "Age of the oldest recent message without a final status.",
            metrics.oldest_unsettled,
        ),
        ("uncounted_days", "Days that are over and not counted. Yesterday is one until it is.", metrics.uncounted_days),
        ("dirty_days", "Days of which something changed since they were counted.", metrics.dirty_days),
    ):
        yield GaugeMetricFamily(f"lanck_{name}", text, value=value)
