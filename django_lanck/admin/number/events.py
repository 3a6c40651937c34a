"""The story of a number as one timeline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.contrib.admin.models import LogEntry
from django.db.models import Model, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from ...models import InboundMessage, NumberInsight, VerifiedNumber
from ...services.support.story import MAX_ROWS, Story
from ..labels import INSIGHT_LABELS, badge, shortened
from ..masking import Mask, owner_name
from ..timeline import Event, code_events, in_order, opt_out_events, verification_events


def story_events(story: Story, mask: Mask) -> list[Event]:
    """Return the events of a story, newest first: staff look for what happened just now. One statement."""
    events: list[Event] = []
    for verification in story.verifications:
        events += verification_events(verification, reverse("admin:lanck_verification_change", args=[verification.pk]))
    events += code_events(sorted(story.messages, key=lambda message: message.pk), mask)
    events += [_inbound_event(message, mask) for message in story.inbound]
    events += [_insight_event(insight, mask) for insight in story.insights]
    events += opt_out_events(story.opt_out) if story.opt_out else []
    events += [_claim_event(story.claim)] if story.claim else []
    events += note_events(newest_notes(story.rows), story.number)
    return in_order(events)[::-1]


def newest_notes(rows: Iterable[Model]) -> list[LogEntry]:
    """Return the newest entries of the admin's log about these rows. One statement."""
    keys: dict[str, list[str]] = {}
    for row in rows:
        keys.setdefault(str(row._meta.model_name), []).append(str(row.pk))
    of_rows = Q(pk__in=[])
    for name, ids in keys.items():
        of_rows |= Q(content_type__model=name, object_id__in=ids)
    entries = LogEntry.objects.filter(of_rows, content_type__app_label="lanck").select_related("user")
    return list(entries.order_by("-action_time")[:MAX_ROWS])


def note_events(notes: Iterable[LogEntry], number: str) -> Iterator[Event]:
    """Yield the events of entries of the admin's log about rows of a number."""
    for entry in notes:
        names = {"user": owner_name(entry.user, number), "what": entry.get_change_message()}
        yield Event(entry.action_time, _("Noted by %(user)s: %(what)s") % names)


def _inbound_event(message: InboundMessage, mask: Mask) -> Event:
    url = reverse("admin:lanck_inboundmessage_change", args=[message.pk])
    return Event(message.received_at, _("The number texted: “%s”") % shortened(mask(message.text)), url=url)


def _insight_event(insight: NumberInsight, mask: Mask) -> Event:
    url = reverse("admin:lanck_numberinsight_change", args=[insight.pk])
    names = {"kind": insight.get_kind_display(), "network": mask(insight.network)}
    text = (
        _("LANCK answered the %(kind)s: network %(network)s.") if insight.network else _("LANCK answered the %(kind)s.")
    )
    return Event(insight.created_at, text % names, badge(insight.status, INSIGHT_LABELS.get(insight.status)), url)


def _claim_event(claim: VerifiedNumber) -> Event:
    url = reverse("admin:lanck_verifiednumber_change", args=[claim.pk])
    return Event(claim.verified_at, _("The number now belongs to %s.") % owner_name(claim.user, claim.number), url=url)
