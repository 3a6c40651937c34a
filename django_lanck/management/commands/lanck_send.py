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
from ..base import LanckCommand, Result, block, positive

# Argument of the service → argument or option of the command line, and its help.
ARGUMENTS: Final[Mapping[str, tuple[str, str]]] = {
    "number": ("NUMBER", "a phone number with its country code"),
    "text": ("TEXT", "the text; - reads it from stdin"),
    "link": ("--link", "a URL; {link} in the text is replaced by a short URL that redirects to it"),
    "sender": ("--sender", "the sender, a name or number that LANCK allows"),
    "title": ("--title", "the title of the notification"),
    "target": ("--target", "the target app, as LANCK names it"),
    "ttl": ("--ttl", "seconds after which the notification is no longer delivered"),
    "priority": ("--priority", "the priority, as LANCK names it"),
    "collapse_key": ("--collapse-key", "a notification replaces the previous one with the same key"),
    "android": ("--android", "a JSON object for Android only"),
    "ios": ("--ios", "a JSON object for iOS only"),
    "image_url": ("--image-url", "the URL of an image"),
    "button_caption": ("--button-caption", "the label of the button; needs --button-url"),
    "button_action_url": ("--button-url", "the URL that the button opens"),
    "flow": ("--flow", "a JSON file with the steps in LANCK's format; - reads stdin"),
    "code": ("--code", "4 to 6 digits; - reads them from stdin, as arguments are visible in the list of processes"),
    "language": ("--language", "the language of the voice, such as en"),
    "category": ("--category", "marketing is not sent to numbers with an opt-out"),
}


class Command(LanckCommand):
    help = "Send one message, or make one call."
    interrupted_message = "Interrupted. The message may have been sent: check the admin before you send it again."
    argument_names = {name: argument for name, (argument, _help) in ARGUMENTS.items()}

    def add_arguments(self, parser: ArgumentParser) -> None:
        channels = parser.add_subparsers(dest="channel", metavar="CHANNEL", required=True)
        for channel, function in send_functions().items():
            label = str(channel.label)
            subparser = channels.add_parser(channel.value, help=label, description=f"Send one message: {label}.")
            super().add_arguments(subparser)
            subparser.add_argument("number", metavar="NUMBER", help=ARGUMENTS["number"][1])
            for name in function.arguments:
                _add_argument(subparser, name, required=name in function.required)
            option, about = ARGUMENTS["category"]
            subparser.add_argument(option, default=Category.TRANSACTIONAL.value, choices=Category.values, help=about)
            subparser.add_argument(
                "--wait", type=positive(float), metavar="SECONDS", help="wait for a final status, at most this long"
            )
            if channel.spec.code_is_caller:
                about = "print the calling number, whose last digits are the code"
                subparser.add_argument("--show-caller", action="store_true", help=about)

    @sensitive_variables()
    def run(self, options: Mapping[str, Any]) -> Result:
        function = send_functions()[Channel(options["channel"])]
        arguments = {name: _parse(name, options[name]) for name in function.arguments if options[name] is not None}
        message = function.send(number=options["number"], category=options["category"], **arguments)
        caller = message.caller if options.get("show_caller") else ""
        if options["wait"]:
            services.wait_for_status(message=message, seconds=options["wait"], progress=self._progress)
            self.end_progress()
        return Result(_text(message, caller, options["wait"]), _document(message, caller))

    def _progress(self, message: Message) -> None:
        self.show_progress(f"Message {message.pk}: {message.status}")


def _add_argument(parser: ArgumentParser, name: str, *, required: bool) -> None:
    argument, about = ARGUMENTS.get(name, (f"--{name.replace('_', '-')}", f"LANCK's parameter {name}"))
    if not argument.startswith("--"):
        parser.add_argument(name, metavar=argument, help=about)
        return
    metavar = {"flow": "FILE", "ttl": "SECONDS"}.get(name, name.upper().rpartition("_")[2])
    kind = int if name == "ttl" else str
    parser.add_argument(argument, dest=name, metavar=metavar, type=kind, required=required, help=about)


@sensitive_variables()
def _parse(name: str, value: Any) -> Any:
    """Return the service's argument for a value of the command line."""
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
        text += " It may have been sent: do not send it again."
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
