"""The rules of the guard in one table: their names, labels, default limits and properties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# Name of a rule → its rates, such as "5/hour". All rates of a list apply.
RawLimits: TypeAlias = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class RuleLimit:
    """What a rule limits for one action: its name within a sentence, and the default rates.

    ``name`` is None where no page shows it. ``rates`` is None for a limit that no dictionary of limits can change.
    """

    name: Promise | None = None
    rates: Sequence[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule of the guard.

    ``name`` identifies it in ``LIMITS`` and ``WATCH``, in the counts of refusals and in the signal ``limit_reached``;
    for a limit, it is also what is counted. ``label`` says in words what the rule looks at. ``limits`` has an entry for
    each action that it limits: ``start`` (codes sent), ``check`` (wrong codes) and ``send`` (everything else sent).

    ``is_personal``: staff can lift it for one person. ``is_labelled``: its counters carry the prefix or country that
    they count, which is no personal data, and numbers that were verified before pass. ``is_essential``: the deployment
    checks warn when it is only watched. ``converts``: the key of ``CONVERSION`` that sets its limit.
    """

    name: str
    label: Promise
    limits: Mapping[str, RuleLimit] = field(default_factory=dict)
    is_personal: bool = False
    is_labelled: bool = False
    is_essential: bool = False
    converts: str = ""


# The rates for sends are high: only a loop that runs wild reaches them. Those for checks count wrong codes, for users
# and for visitors who are not logged in apart.
_TABLE: Final = (
    Rule(
        name="number",
        label=_("codes sent to or checked for one number"),
        limits={
            "start": RuleLimit(_("codes to this number"), ("5/hour", "10/day")),
            "check": RuleLimit(_("wrong codes for this number"), ("15/day",)),
            "send": RuleLimit(_("other messages to this number"), ("30/hour", "100/day")),
        },
        is_personal=True,
        is_essential=True,
    ),
    Rule(
        name="number_purpose",
        label=_("codes to one number for one purpose"),
        limits={
            "start": RuleLimit(_("codes to this number for one purpose"), ()),
            "check": RuleLimit(_("wrong codes for this number and one purpose"), ("10/day",)),
        },
        is_personal=True,
    ),
    Rule(
        name="address",
        label=_("one IP address"),
        limits={"start": RuleLimit(rates=("10/hour",)), "check": RuleLimit(rates=("50/hour",))},
    ),
    Rule(
        name="user",
        label=_("one user"),
        limits={"start": RuleLimit(_("codes asked for by one user"), ("10/hour", "20/day"))},
        is_personal=True,
    ),
    Rule(
        name="session",
        label=_("one visitor"),
        limits={"start": RuleLimit(_("codes asked for in one browser"), ("10/hour",))},
        is_personal=True,
    ),
    Rule(
        name="prefix",
        label=_("one prefix"),
        limits={
            "start": RuleLimit(_("codes to its block of numbers"), ("200/day",)),
            "send": RuleLimit(_("other messages to its block of numbers"), ()),
        },
        is_labelled=True,
    ),
    Rule(
        name="country",
        label=_("one country"),
        limits={
            "start": RuleLimit(_("codes to its country"), ("1000/day",)),
            "send": RuleLimit(_("other messages to its country"), ()),
        },
        is_labelled=True,
    ),
    Rule(
        name="site",
        label=_("all requests together"),
        limits={
            "start": RuleLimit(_("codes of the whole site"), ("5000/day",)),
            "check": RuleLimit(_("wrong codes on the whole site"), ("5000/day",)),
            "send": RuleLimit(_("other messages of the whole site"), ()),
        },
        is_essential=True,
    ),
    Rule(
        name="ladder",
        label=_("waits between codes"),
        limits={"start": RuleLimit(_("codes in a row, with waits between them"))},
        is_personal=True,
        is_essential=True,
    ),
    Rule(
        name="prefix_conversion",
        label=_("a prefix with low conversion"),
        limits={"start": RuleLimit(_("codes to its block of numbers that do not come back"))},
        is_labelled=True,
        converts="prefix",
    ),
    Rule(
        name="country_conversion",
        label=_("a country with low conversion"),
        limits={"start": RuleLimit(_("codes to its country that do not come back"))},
        is_labelled=True,
        converts="country",
    ),
    Rule(name="country_list", label=_("countries that are not served")),
    Rule(name="line_type", label=_("line types")),
    Rule(name="guard", label=_("the site's own rule")),
)
RULES: Final[Mapping[str, Rule]] = {rule.name: rule for rule in _TABLE}
# Refusals by LANCK's fraud check and HLR lookup. FRAUD_CHECK and HLR_CHECK configure them, not WATCH.
SCREENING_RULES: Final = ("fraud", "fraud_failed", "hlr", "hlr_failed")
# Key of CONVERSION → its rule.
CONVERSION_RULES: Final[Mapping[str, Rule]] = {rule.converts: rule for rule in _TABLE if rule.converts}


def _default_limits(action: str) -> RawLimits:
    limits = {rule.name: rule.limits[action].rates for rule in _TABLE if action in rule.limits}
    return {name: rates for name, rates in limits.items() if rates is not None}


# The defaults of the settings of these names. Their keys are all that can be limited.
LIMITS: Final = _default_limits("start")
CHECK_LIMITS: Final = _default_limits("check")
SEND_LIMITS: Final = _default_limits("send")


def limit_name(action: str, rule: str) -> str:
    """Return the name of a limit within a sentence, such as ``codes to this number``; else the name of its rule."""
    limit = RULES[rule].limits.get(action) if rule in RULES else None
    return str(limit.name) if limit and limit.name else rule
