"""The contents of messages: a frozen class for each call that sends.

Creating one raises :class:`InvalidArgument` if LANCK would refuse it. ``None`` means LANCK's default. ``text`` is what
a person reads or hears; ``sender`` is LANCK's ``from``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field, fields
from typing import Any, ClassVar, Final, Self

from ..exceptions import InvalidArgument
from . import arguments

__all__ = [
    "CONTENT_CLASSES",
    "RCS",
    "SMS",
    "TEXT_TYPES",
    "Content",
    "Flash",
    "Flow",
    "PinToSpeech",
    "Push",
    "Step",
    "TextToSpeech",
    "Verify",
    "Viber",
]

# Field → LANCK's name, where that is not the same in camel case.
LANCKS_NAMES: Final = {"sender": "from"}
MASK: Final = "•"


def lancks_name(name: str) -> str:
    """Return LANCK's name of a field: ``buttonCaption`` for ``button_caption``, ``from`` for ``sender``."""
    head, *tail = name.split("_")
    return LANCKS_NAMES.get(name, head + "".join(word.capitalize() for word in tail))


@dataclass(frozen=True)
class Content:
    """The content of a message on one channel. ``path`` is the call that sends it."""

    channel: ClassVar[str]
    path: ClassVar[str]
    other_checks: ClassVar[Mapping[str, arguments.Check]] = {}

    def __post_init__(self) -> None:
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        required = [each.name for each in fields(self) if each.default is not None]
        arguments.check(values, required=required, **self.other_checks)
        self._check_together()

    def _check_together(self) -> None:
        """Check values that depend on each other."""

    @classmethod
    def of_code(cls, *, code: str, text: str, language: str | None) -> Self:
        """Return the content that carries a code: in the field ``code`` where there is one, else within ``text``."""
        names = {each.name for each in fields(cls)}
        values: dict[str, Any] = {"code": code} if "code" in names else {"text": text}
        return cls(**values, **({"language": language} if "language" in names else {}))

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the call, by LANCK's names."""
        values = {lancks_name(each.name): getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in values.items() if value is not None}

    def stored(self, secret: str = "") -> dict[str, Any]:
        """Return the parameters as they are stored: without ``code``, and with the given secret masked in all texts."""
        values = {name: value for name, value in self.parameters().items() if name != "code"}
        return {name: _masked(value, secret) for name, value in values.items()} if secret else values


def _masked(value: Any, secret: str) -> Any:
    if isinstance(value, str):
        return value.replace(secret, MASK * len(secret))
    if isinstance(value, Mapping):
        return {name: _masked(inner, secret) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(inner, secret) for inner in value]
    return value


@dataclass(frozen=True)
class Verify(Content):
    """A code that LANCK generates, sends and checks. Source: "Create verification request" on LANCK's page.

    ``method`` is ``sms``, ``voice`` or ``call``; ``code_length`` is 4 to 6; ``code_expiry`` is in seconds; ``ip`` is
    the person's IP address.
    """

    path = "/verify"

    method: str
    _: KW_ONLY
    sender: str | None = None
    language: str | None = None
    code_length: int | None = None
    ip: str | None = field(default=None, repr=False)
    code_expiry: int | None = None
    check_attempts_allowed: int | None = None

    @property
    def channel(self) -> str:  # type: ignore[override]
        return self.method


class Chainable:
    """The base of everything that can be a step of a :class:`Flow`."""

    def step(self) -> dict[str, Any]:
        """Return the step as LANCK expects it."""
        raise NotImplementedError

    def then(self, step: Chainable, *, wait: int, unless: str) -> Flow:
        """Return a flow: this, and ``step`` after ``wait`` seconds unless this is ``"delivered"`` or ``"read"``."""
        return Flow(self).then(step, wait=wait, unless=unless)


@dataclass(frozen=True)
class Text(Content, Chainable):
    """A message with a text to read, which can also be a step of a :class:`Flow`."""

    text: str = field(repr=False)

    def step(self) -> dict[str, Any]:
        return {"type": self.channel, "message": self.parameters()}


@dataclass(frozen=True)
class SMS(Text):
    """A text message. Source: "SMS API" on LANCK's page."""

    channel = "sms"
    path = "/sms"

    _: KW_ONLY
    sender: str | None = None


@dataclass(frozen=True)
class Push(Text):
    """A notification of the site's mobile app. ``ttl`` is in seconds; LANCK does not document the other fields."""

    channel = "push"
    path = "/messaging/push"

    _: KW_ONLY
    title: str | None = field(default=None, repr=False)
    target: str | None = None
    ttl: int | None = None
    priority: str | None = None
    collapse_key: str | None = None
    android: Mapping[str, Any] | None = field(default=None, repr=False)
    ios: Mapping[str, Any] | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Viber(Text):
    """A Viber message, optionally with a picture or a button. Source: "Send a Viber message"."""

    channel = "viber"
    path = "/messaging/viber"

    _: KW_ONLY
    sender: str | None = None
    button_caption: str | None = field(default=None, repr=False)
    button_action_url: str | None = field(default=None, repr=False)
    image_url: str | None = field(default=None, repr=False)

    def _check_together(self) -> None:
        if self.button_caption is not None and self.button_action_url is None:
            raise InvalidArgument("button_action_url", "A button needs a URL to open.")
        if self.button_action_url is not None and self.button_caption is None:
            raise InvalidArgument("button_caption", "A button needs a caption.")


@dataclass(frozen=True)
class RCS(Text):
    """An RCS message. Source: "Send an RCS message"."""

    channel = "rcs"
    path = "/messaging/rcs"


@dataclass(frozen=True)
class Flash(Content):
    """A call that rings and ends. The calling number ends with ``code``: 4 to 6 digits, chosen by LANCK if None."""

    channel = "flash"
    path = "/calls/flash"

    _: KW_ONLY
    code: str | None = field(default=None, repr=False)
    sender: str | None = None


@dataclass(frozen=True)
class PinToSpeech(Content):
    """A call that dictates 4 to 6 digits. Source: "Make a Pin-2-Speech call"."""

    channel = "p2s"
    path = "/calls/p2s"

    code: str = field(repr=False)
    _: KW_ONLY
    sender: str | None = None
    language: str | None = None


@dataclass(frozen=True)
class TextToSpeech(Content):
    """A call that reads a text in English or Russian. Source: "Make a Text-2-Speech call"."""

    channel = "t2s"
    path = "/calls/t2s"
    other_checks = {"language": arguments.spoken_language}

    text: str = field(repr=False)
    _: KW_ONLY
    sender: str | None = None
    language: str | None = None


@dataclass(frozen=True)
class Step(Chainable):
    """A step of a flow on a channel without a class here: ``Step("whatsapp", {"text": "Your order has arrived."})``.

    ``message`` has LANCK's names. A step cannot be sent alone.
    """

    type: str
    message: Mapping[str, Any] = field(repr=False)

    def __post_init__(self) -> None:
        arguments.text("type", self.type)
        arguments.options("message", self.message)
        if not self.message:
            raise InvalidArgument("message", "It must not be empty.")

    def step(self) -> dict[str, Any]:
        return {"type": self.type, "message": dict(self.message)}


@dataclass(frozen=True)
class Fallback:
    """A later step of a flow: sent after ``wait`` seconds unless the step before is ``"delivered"`` or ``"read"``."""

    step: Chainable
    wait: int
    unless: str

    def __post_init__(self) -> None:
        arguments.check({"wait": self.wait, "unless": self.unless}, required=["wait", "unless"])
        _check_step("step", self.step)

    @property
    def failover(self) -> dict[str, Any]:
        return {"wait": self.wait, "condition": self.unless}


def _check_step(field: str, step: Any) -> None:
    if not isinstance(step, Chainable) or isinstance(step, Flow):
        raise InvalidArgument(field, "It has to be an SMS, Push, Viber, RCS or Step.")


@dataclass(frozen=True)
class Flow(Content, Chainable):
    """A failover chain: messages that LANCK sends in order until one is delivered. Source: "Message Failover".

    Create it with ``then``: ``Push("Hi").then(SMS("Hi"), wait=30, unless="delivered")``. So it is never empty, and
    every step but the last has a condition.
    """

    channel = "failover"
    path = "/messaging/failover"
    other_checks = {"first": _check_step}

    first: Chainable
    rest: tuple[Fallback, ...] = ()

    def _check_together(self) -> None:
        if not isinstance(self.rest, tuple) or not all(isinstance(each, Fallback) for each in self.rest):
            raise InvalidArgument("rest", "Add steps with then().")

    def then(self, step: Chainable, *, wait: int, unless: str) -> Flow:
        """Return the flow with another step at its end."""
        return Flow(self.first, (*self.rest, Fallback(step, wait, unless)))

    def parameters(self) -> dict[str, Any]:
        steps = [self.first.step(), *(fallback.step.step() for fallback in self.rest)]
        for step, fallback in zip(steps, self.rest, strict=False):
            step["failover"] = fallback.failover
        return {"flow": steps}


# Channel → its content. The remaining channels carry only LANCK's own codes.
CONTENT_CLASSES: Final[Mapping[str, type[Content]]] = {
    kind.channel: kind for kind in (SMS, Push, Viber, RCS, Flow, Flash, PinToSpeech, TextToSpeech)
}
# The channels that can be a step of a failover chain.
TEXT_TYPES: Final[Mapping[str, type[Text]]] = {
    channel: kind for channel, kind in CONTENT_CLASSES.items() if issubclass(kind, Text)
}
