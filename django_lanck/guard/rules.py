"""The rules that count nothing: countries, kinds of number, and the site's own rule."""

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
from .refusals import refuse

# The names of REFUSED_LINE_TYPES.
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
    """Raise Refusal for an attempt that breaks a rule. Nothing is counted against a limit, and LANCK is not called."""
    if attempt.action != "check":
        for rule, code in rules_against(attempt):
            refuse(attempt, rule, Refusal(code), watched=rule in conf.watch)
    _check_site_rule(attempt)


def rules_against(attempt: Attempt) -> Iterator[tuple[str, str]]:
    """Yield the rules about its number that an attempt breaks, watched ones too, each with the code of its refusal."""
    countries = attempt.profile.countries if attempt.profile else conf.countries
    if countries is not None and attempt.country not in countries:
        yield "country_list", "number_not_supported"
    kind = phonenumbers.number_type(phonenumbers.parse(attempt.number))
    line_types = {LINE_TYPE_NAMES.get(kind, ""), "" if attempt.country else "no_country"}
    if not line_types.isdisjoint(conf.refused_line_types):
        yield "line_type", "number_not_supported"
    elif kind == PhoneNumberType.FIXED_LINE and not channel_spec(attempt.channel).rings:  # a landline shows no text
        yield "line_type", "method_not_possible"


def _check_site_rule(attempt: Attempt) -> None:
    if not conf.guard:
        return
    try:
        import_string(conf.guard)(attempt)
    except Refusal as refusal:
        refuse(attempt, "guard", refusal, watched="guard" in conf.watch)
