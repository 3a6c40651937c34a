from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any, Final

from django.utils.text import capfirst
from django.utils.timesince import timesince

from ... import services
from ...exceptions import LanckError
from ...models import NumberInsight
from ..base import Answer, LanckCommand, block

LOOKUPS: Final = {"hlr": services.look_up, "fraud": services.check_fraud}


class Command(LanckCommand):
    help = "Ask LANCK about a number: its network, and whether it is known for fraud. Each question has a price."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("number", metavar="NUMBER", help="a phone number with its country code")
        kind = parser.add_mutually_exclusive_group()
        kind.add_argument("--hlr", action="store_true", help="only the HLR lookup")
        kind.add_argument("--fraud", action="store_true", help="only the fraud check")
        parser.add_argument("--fresh", action="store_true", help="ask LANCK even if it was asked a while ago")

    def answer(self, options: Mapping[str, Any]) -> Answer:
        kinds = [kind for kind in LOOKUPS if options[kind]] or list(LOOKUPS)
        insights, trouble = [], ""
        for kind in kinds:
            try:
                insights.append(LOOKUPS[kind](number=options["number"], max_age=0 if options["fresh"] else None))
            except LanckError as error:  # what was answered before is paid for, and printed
                trouble = self.sentence(error)
                break
        return Answer(
            "\n".join(_text(insight) for insight in insights),
            {insight.kind: _document(insight) for insight in insights},
            trouble,
        )


def _text(insight: NumberInsight) -> str:
    network = ", ".join(filter(None, (insight.network, insight.mccmnc, insight.country)))
    kept = f"for {timesince(insight.created_at, insight.now)}; --fresh asks LANCK again" if insight.now else ""
    return block(
        f"{capfirst(insight.get_kind_display())} of {insight.masked_number}: {insight.status}",
        ("network", network),
        ("ported", insight.ported),
        ("roaming", insight.roaming),
        ("mobile prefix", insight.mobile_prefix),
        ("kept", kept),
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
