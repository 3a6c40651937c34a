"""The content of a message as it is stored: without codes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ...channels import channel_spec
from ...durations import exact_duration
from ...models import Message
from ..labels import channel_name

# The labels of LANCK's fields. A field that is not listed is shown by its name.
LABELS: Final[Mapping[str, Any]] = {
    "from": gettext_lazy("from"),
    "title": gettext_lazy("title"),
    "buttonCaption": gettext_lazy("button"),
    "buttonActionUrl": gettext_lazy("the button opens"),
    "imageUrl": gettext_lazy("picture"),
    "language": gettext_lazy("language"),
    "target": gettext_lazy("target"),
    "ttl": gettext_lazy("lifetime in seconds"),
    "priority": gettext_lazy("priority"),
    "collapseKey": gettext_lazy("replaces messages with the key"),
}
CONDITIONS: Final[Mapping[str, Any]] = {
    "delivered": gettext_lazy("If it is not delivered within %(wait)s:"),
    "read": gettext_lazy("If it is not read within %(wait)s:"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """The content of a message, or of one step of a failover chain. ``failover`` says when the next step follows."""

    channel: str
    text: str
    facts: list[tuple[str, str]]
    failover: str


def text_block(text: str) -> SafeString:
    """Return a text with its line breaks, and with its markup escaped."""
    return format_html('<div class="lanck-text">{}</div>', text)


def sent_content(message: Message) -> SafeString:
    context = {"steps": list(_steps(message)), "is_chain": "flow" in message.content, "note": _note(message)}
    return render_to_string("admin/lanck/content.html", context)


def _steps(message: Message) -> Iterator[Step]:
    for step in message.steps if message.content else ():
        content = step["message"]
        yield Step(
            channel=channel_name(step["type"]),
            text=str(content.get("text", "")),
            facts=[(str(LABELS.get(name, name)), _shown(value)) for name, value in content.items() if name != "text"],
            failover=_failover(step.get("failover")),
        )


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _failover(failover: Mapping[str, Any] | None) -> str:
    return str(CONDITIONS[failover["condition"]]) % {"wait": exact_duration(failover["wait"])} if failover else ""


def _note(message: Message) -> str:
    """Return why the content is missing, or an empty string."""
    if channel_spec(message.channel).code_only:
        return _("The digits are not stored.")
    if message.content:
        return ""
    if message.verification_id and not message.code_hash:
        return _("LANCK generated the code. It is not known to this site.")
    return _("The content is not stored.")
