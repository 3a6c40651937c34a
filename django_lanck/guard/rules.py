"""The rules that need no counting: countries, kinds of number, and the site's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import phonenumbers
from django.utils.module_loading import import_string
from phonenumbers import PhoneNumberType

from ..channels import channel_spec
from ..conf import conf
from ..exceptions import Refusal
from .attempt import Attempt
from .refusals import turn_down

# As REFUSED_LINE_TYPES names them.
LINE_TYPE_NAMES: Final = {
    PhoneNumberType.PREMIUM_RATE: "premium_rate",
    PhoneNumberType.SHARED_COST: "shared_cost",
    PhoneNumberType.TOLL_FREE: "toll_free",
    PhoneNumberType.PERSONAL_NUMBER: "personal_number",
    PhoneNumberType.PAGER: "pager",
    PhoneNumberType.UAN: "uan",
    PhoneNumberType.VOICEMAIL: "voicemail",
    PhoneNumberType.VOIP: "voip",
}


def check_rules(attempt: Attempt) -> None:
    """Turn down what must not be sent at all. Raises Refusal; nothing is spent and LANCK was not asked."""
    if attempt.action != "check":
        for rule, code in rules_against(attempt):
            _turn_down(attempt, rule, code)
    _ask_site(attempt)


def rules_against(attempt: Attempt) -> Iterator[tuple[str, str]]:
    """The rules about its number that a send would break, also those that only watch: rule and refusal."""
    countries = attempt.profile.countries if attempt.profile else conf.countries
    if countries is not None and attempt.country not in countries:
        yield "country_list", "number_not_supported"
    kind = phonenumbers.number_type(phonenumbers.parse(attempt.number))
    line_types = {LINE_TYPE_NAMES.get(kind, ""), "" if attempt.country else "no_country"}
    if not line_types.isdisjoint(conf.refused_line_types):
        yield "line_type", "number_not_supported"
    elif kind == PhoneNumberType.FIXED_LINE and not channel_spec(attempt.channel).rings:  # a landline shows no text
        yield "line_type", "method_not_possible"


def _turn_down(attempt: Attempt, rule: str, code: str) -> None:
    turn_down(attempt, rule, Refusal(code), watched=rule in conf.watch)


def _ask_site(attempt: Attempt) -> None:
    if not conf.guard:
        return
    try:
        import_string(conf.guard)(attempt)
    except Refusal as refusal:
        turn_down(attempt, "guard", refusal, watched="guard" in conf.watch)
