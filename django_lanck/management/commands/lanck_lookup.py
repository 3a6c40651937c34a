from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any, Final

from django.utils.text import capfirst
from django.utils.timesince import timesince

from ... import services
from ...exceptions import LanckError
from ...models import NumberInsight
from ..base import LanckCommand, Result, block

LOOKUPS: Final = {"hlr": services.look_up, "fraud": services.check_fraud}


class Command(LanckCommand):
    help = "Make an HLR lookup and a fraud check of a number. Each costs money."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("number", metavar="NUMBER", help="a phone number with its country code")
        kind = parser.add_mutually_exclusive_group()
        kind.add_argument("--hlr", action="store_true", help="only the HLR lookup")
        kind.add_argument("--fraud", action="store_true", help="only the fraud check")
        parser.add_argument("--fresh", action="store_true", help="call LANCK even if a recent result is stored")

    def run(self, options: Mapping[str, Any]) -> Result:
        kinds = [kind for kind in LOOKUPS if options[kind]] or list(LOOKUPS)
        insights, problem = [], ""
        for kind in kinds:
            try:
                insights.append(LOOKUPS[kind](number=options["number"], max_age=0 if options["fresh"] else None))
            except LanckError as error:  # the results so far were paid for and are printed
                problem = self.error_text(error)
                break
        return Result(
            "\n".join(_text(insight) for insight in insights),
            {insight.kind: _document(insight) for insight in insights},
            problem,
        )


def _text(insight: NumberInsight) -> str:
    network = ", ".join(filter(None, (insight.network, insight.mccmnc, insight.country)))
    stored = f"{timesince(insight.created_at, insight.now)} ago; --fresh calls LANCK again" if insight.now else ""
    return block(
        f"{capfirst(insight.get_kind_display())} of {insight.masked_number}: {insight.status}",
        ("network", network),
        ("ported", insight.ported),
        ("roaming", insight.roaming),
        ("mobile prefix", insight.mobile_prefix),
        ("stored", stored),
    )


def _document(insight: NumberInsight) -> dict[str, Any]:
    return {
        "number": insight.masked_number,
        "status": insight.status,
        "mccmnc": insight.mccmnc,
        "network": insight.network,
        "country": insight.country,
        "ported": insight.ported,
        "roaming": insight.roaming,
        "mobile_prefix": insight.mobile_prefix,
        "asked_at": insight.created_at,
        "age": insight.age.total_seconds() if insight.age is not None else 0,
        "kept": insight.age is not None,
    }
