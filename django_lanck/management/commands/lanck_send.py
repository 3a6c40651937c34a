from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from django.views.decorators.debug import sensitive_variables

from ... import services
from ...channels import Channel
from ...exceptions import InvalidArgument
from ...jsonbody import MAX_DEPTH, BadJSON, parse_json
from ...models import Category, Message, Status
from ...services.messages.send import send_functions
from ..base import Answer, LanckCommand, above_zero, block

# Service argument → what is typed for it, and what its help says.
TYPED: Final[Mapping[str, tuple[str, str]]] = {
    "number": ("NUMBER", "a phone number with its country code"),
    "text": ("TEXT", "what the person reads or hears; - reads it from stdin"),
    "link": ("--link", "an address; {link} in the text becomes a short one that leads there"),
    "sender": ("--sender", "the name or number it comes from, which LANCK has to allow"),
    "title": ("--title", "the title of the notification"),
    "target": ("--target", "which app, by LANCK's word"),
    "ttl": ("--ttl", "seconds for which the notification is worth delivering"),
    "priority": ("--priority", "by LANCK's word"),
    "collapse_key": ("--collapse-key", "notifications with the same key take each other's place"),
    "android": ("--android", "a JSON object for Android only"),
    "ios": ("--ios", "a JSON object for iOS only"),
    "image_url": ("--image-url", "the address of a picture"),
    "button_caption": ("--button-caption", "what the button says; it needs --button-url"),
    "button_action_url": ("--button-url", "the address that the button opens"),
    "flow": ("--flow", "a file with the steps, a JSON list as on LANCK's page; - is stdin"),
    "code": ("--code", "4 to 6 digits; - reads them from stdin, so that no list of processes shows them"),
    "language": ("--language", "the language of the voice, such as en"),
    "category": ("--category", "marketing is not sent to those who opted out"),
}


class Command(LanckCommand):
    help = "Send one message, or make one call."
    interrupted = "Interrupted. Perhaps the message was sent: look at it in the admin before you send it again."
    named = {name: typed for name, (typed, _help) in TYPED.items()}

    def add_arguments(self, parser: ArgumentParser) -> None:
        channels = parser.add_subparsers(dest="channel", metavar="CHANNEL", required=True)
        for channel, function in send_functions().items():
            about = str(channel.label)
            one = channels.add_parser(channel.value, help=about, description=f"Send one message: {about}.")
            super().add_arguments(one)
            one.add_argument("number", metavar="NUMBER", help=TYPED["number"][1])
            for name in function.arguments:
                _add_argument(one, name, required=name in function.required)
            typed, about = TYPED["category"]
            one.add_argument(typed, default=Category.TRANSACTIONAL.value, choices=Category.values, help=about)
            one.add_argument(
                "--wait", type=above_zero(float), metavar="SECONDS", help="wait so long for a final status"
            )
            if channel.spec.code_is_caller:
                about = "print the number that calls: its last digits are the code"
                one.add_argument("--show-caller", action="store_true", help=about)

    @sensitive_variables()
    def answer(self, options: Mapping[str, Any]) -> Answer:
        function = send_functions()[Channel(options["channel"])]
        given = {name: _read(name, options[name]) for name in function.arguments if options[name] is not None}
        message = function.send(number=options["number"], category=options["category"], **given)
        caller = message.caller if options.get("show_caller") else ""
        if options["wait"]:
            services.wait_for_status(message=message, seconds=options["wait"], progress=self._progress)
            self.end_progress()
        return Answer(_text(message, caller, options["wait"]), _document(message, caller))

    def _progress(self, message: Message) -> None:
        self.show_progress(f"Message {message.pk}: {message.status}")


def _add_argument(parser: ArgumentParser, name: str, *, required: bool) -> None:
    typed, about = TYPED.get(name, (f"--{name.replace('_', '-')}", f"LANCK's parameter {name}"))
    if not typed.startswith("--"):
        parser.add_argument(name, metavar=typed, help=about)
        return
    metavar = {"flow": "FILE", "ttl": "SECONDS"}.get(name, name.upper().rpartition("_")[2])
    kind = int if name == "ttl" else str
    parser.add_argument(typed, dest=name, metavar=metavar, type=kind, required=required, help=about)


@sensitive_variables()
def _read(name: str, value: Any) -> Any:
    """The service's argument for what was typed."""
    if name == "flow":
        return services.parse_flow(_json(name, sys.stdin.buffer.read() if value == "-" else _file(name, value)))
    if not isinstance(value, str):
        return value
    try:
        if name in ("text", "code") and value == "-":
            value = sys.stdin.buffer.read().decode().strip("\r\n")
        encoded = value.encode()
    except UnicodeError:
        raise InvalidArgument(name, "It has to be UTF-8.") from None
    return _json(name, encoded) if name in ("android", "ios") else value


def _file(name: str, path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:
        raise InvalidArgument(name, f"The file cannot be read ({getattr(error, 'strerror', error)}).") from None


def _json(name: str, body: bytes) -> Any:
    try:
        return parse_json(body)
    except BadJSON:
        reason = f"It has to be valid JSON, without NUL and nested at most {MAX_DEPTH} deep."
        raise InvalidArgument(name, reason) from None


def _text(message: Message, caller: str, waited: float | None) -> str:
    text = f"Message {message.pk} to {message.masked_number} by {message.channel}: {message.status}."
    if message.status == Status.UNKNOWN:
        text += " It was perhaps sent; do not send it again blindly."
    if waited and not message.is_final:
        text += f" There was no final status within {waited:g} seconds."
    return block(text, ("calls from", caller))


def _document(message: Message, caller: str) -> dict[str, Any]:
    document = {
        "message": message.pk,
        "channel": message.channel,
        "number": message.masked_number,
        "status": message.status,
        "is_final": message.is_final,
        "request_id": message.request_id,
    }
    return {**document, "caller": caller} if caller else document
