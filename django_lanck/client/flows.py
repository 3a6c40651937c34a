"""Parsing a failover chain in LANCK's format into a :class:`Flow`. Source: "Message Failover"."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

from ..exceptions import InvalidArgument
from . import arguments
from .content import TEXT_TYPES, Chainable, Flow, Step, lancks_name


def parse_flow(steps: object) -> Flow:
    """Return the flow in a list of ``{"type": …, "message": {…}, "failover": {"wait": seconds, "condition": …}}``.

    An unknown type becomes a :class:`Step`. Raises InvalidArgument whose ``field`` is the path of the invalid value,
    such as ``flow[1].message.text``.
    """
    if not isinstance(steps, list) or not steps:
        raise InvalidArgument("flow", "It has to be a list of steps that is not empty.")
    contents, failovers = [], []
    for index, step in enumerate(steps):
        place = f"flow[{index}]"
        _check_names(place, step, ("type", "message", "failover"))
        contents.append(_content(place, step.get("type"), step.get("message")))
        failovers.append(_failover(f"{place}.failover", step.get("failover"), is_last=index == len(steps) - 1))
    flow = Flow(contents[0])
    for content, failover in zip(contents[1:], failovers, strict=False):
        flow = flow.then(content, wait=failover["wait"], unless=failover["condition"])
    return flow


def _content(place: str, kind: Any, message: Any) -> Chainable:
    arguments.text(f"{place}.type", kind)
    arguments.options(f"{place}.message", message)
    if kind not in TEXT_TYPES:
        with _within(place):
            return Step(kind, message)
    names = {lancks_name(each.name): each.name for each in fields(TEXT_TYPES[kind])}
    _check_names(f"{place}.message", message, names)
    with _within(f"{place}.message"):
        return TEXT_TYPES[kind](**{ours: message.get(lancks) for lancks, ours in names.items()})


def _failover(place: str, failover: Any, *, is_last: bool) -> Mapping[str, Any]:
    if is_last and failover is not None:
        raise InvalidArgument(place, "The last step has no failover, because no step follows it.")
    if is_last:
        return {}
    if failover is None:
        raise InvalidArgument(place, "Every step but the last needs a failover.")
    values = dict.fromkeys(("wait", "condition"))
    _check_names(place, failover, values)
    with _within(place):
        arguments.check({**values, **failover}, required=values, condition=arguments.CHECKS["unless"])
    return dict(failover)


def _check_names(place: str, value: Any, names: Collection[str]) -> None:
    """Raise InvalidArgument unless a value is a dictionary with only these names. Others are most likely typos."""
    arguments.options(place, value)
    for name in value:
        if name not in names:
            raise InvalidArgument(f"{place}.{name}", f"The allowed names are {', '.join(names)}.")


@contextmanager
def _within(place: str) -> Iterator[None]:
    """Put the place before the field of an InvalidArgument."""
    try:
        yield
    except InvalidArgument as error:
        raise InvalidArgument(f"{place}.{lancks_name(error.field)}", error.reason) from None
