"""The summary of a number: what is pending, what the person can do, whose the number is, which limits count."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ...conf import conf
from ...conf.rules import limit_name
from ...durations import exact_duration
from ...models import Verification, VerifiedNumber
from ...services import StandingLimit
from ...services.support.story import MayView, Story
from ..labels import badge, channel_noun, time_of_day
from ..masking import owner_name


def summary_rows(story: Story, may_view: MayView) -> Iterator[tuple[str, SafeString | str]]:
    """Yield the name and the text of each row of the summary."""
    for verification in story.pending:
        yield _("Pending"), _pending(story, verification)
    if not story.pending:
        yield _("Pending"), _("No verification.")
    yield _("The person can"), _possible(story)
    if may_view(VerifiedNumber):
        yield _("Owner"), _owner(story)
    if story.opt_out and not story.opt_out.lifted_at:
        since = time_of_day(story.opt_out.opted_out_at, story.now)
        yield _("Opt-out"), _("No marketing since %s. Codes are still sent.") % since
    if story.number in conf.test_numbers:
        until = conf.test_numbers[story.number].until.isoformat()
        yield _("Test number"), _("Its code is fixed until %s, and nothing is sent.") % until


def limit_rows(story: Story) -> list[dict[str, Any]]:
    """Return the limits that count for the person, and the others that are exceeded.

    The prefix of a limit is not shown, because it contains masked digits.
    """
    return [
        {
            "name": limit_name(limit.action, limit.rule),
            "text": _limit(story, limit),
            "badge": badge("exceeded") if limit.is_in_the_way else None,
        }
        for limit in story.limits
        if limit.is_personal or limit.is_in_the_way
    ]


def _limit(story: Story, limit: StandingLimit) -> str:
    names = {
        "used": limit.used,
        "most": limit.most,
        "time": exact_duration(limit.seconds),
        "until": time_of_day(limit.until, story.now),
    }
    sentences = [_("%(used)d of %(most)d in %(time)s, until %(until)s.") % names]
    if limit.refused:
        sentences.append(ngettext("It refused %d request.", "It refused %d requests.", limit.refused) % limit.refused)
    if limit.purposes and len(limit.purposes) < len(conf.purposes):
        sentences.append(_("For %s.") % ", ".join(limit.purposes))
    return " ".join(sentences)


def _pending(story: Story, verification: Verification) -> SafeString:
    left = ngettext("%d attempt is left", "%d attempts are left", verification.attempts_left)
    names = {
        "left": left % verification.attempts_left,
        "until": time_of_day(verification.expires_at, story.now),
        "method": channel_noun(verification.method),
    }
    text = _("%(method)s, valid until %(until)s, %(left)s.") % names
    url = reverse("admin:lanck_verification_change", args=[verification.pk])
    return format_html('<a href="{}">{}</a>: {} {}', url, verification.purpose, text, _resend(story, verification))


def _resend(story: Story, verification: Verification) -> str:
    if verification.resend_at is None or not verification.attempts_left:
        return _("No further code can be sent.")
    if verification.resend_at > story.now:
        return _("Another code can be sent from %s on.") % time_of_day(verification.resend_at, story.now)
    return _("Another code can be sent now.")


def _possible(story: Story) -> str:
    """Return what the person can do on the site, and from when on."""
    starts, checks = (
        [limit.until for limit in story.limits if limit.is_in_the_way and limit.action == action]
        for action in ("start", "check")
    )
    sentences = [
        _("Ask for a new code, from %s on.") % time_of_day(max(starts), story.now)
        if starts
        else _("Ask for a new code.")
    ]
    if any(verification.attempts_left for verification in story.pending):
        code = _("Type the newest code, from %s on.") % time_of_day(max(checks), story.now) if checks else ""
        sentences.insert(0, code or _("Type the newest code."))
    return " ".join(sentences)


def _owner(story: Story) -> SafeString | str:
    claim, number = story.claim, story.number
    owner_ids = [claim.user_id] if claim else []
    verified = [each for each in story.verifications if each.state == Verification.State.VERIFIED and each.user]
    others = sorted({owner_name(each.user, number) for each in verified if each.user_id not in owner_ids})
    earlier = _("Verified earlier by %s.") % ", ".join(others) if others else ""
    if claim is None:
        no_owner = _("no owner")
        return f"{no_owner}. {earlier}" if earlier else no_owner
    url = reverse("admin:lanck_verifiednumber_change", args=[claim.pk])
    since = _("since %s.") % time_of_day(claim.verified_at, story.now)
    return format_html('<a href="{}">{}</a> {} {}', url, owner_name(claim.user, number), since, earlier)
