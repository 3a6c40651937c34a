"""What most likely happened to the code that a customer did not get, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ...channels import channel_spec
from ...conf import conf
from ...models import Message, Status, Verification
from ...services import StandingLimit, is_supported
from ..labels import ago, channel_noun, clock, time_span
from .story import Story

# Seconds within which LANCK may simply not have got to it.
SOON: Final = 20

LIMITS: Final[Mapping[tuple[str, str], Any]] = {
    ("start", "number"): gettext_lazy("codes to this number"),
    ("start", "number_purpose"): gettext_lazy("codes to this number for one purpose"),
    ("start", "ladder"): gettext_lazy("codes in a row, with waits between them"),
    ("start", "user"): gettext_lazy("codes asked for by one user"),
    ("start", "session"): gettext_lazy("codes asked for in one browser"),
    ("start", "prefix"): gettext_lazy("codes to its block of numbers"),
    ("start", "country"): gettext_lazy("codes to its country"),
    ("start", "site"): gettext_lazy("codes of the whole site"),
    ("start", "prefix_conversion"): gettext_lazy("codes to its block of numbers that do not come back"),
    ("start", "country_conversion"): gettext_lazy("codes to its country that do not come back"),
    ("check", "number"): gettext_lazy("wrong codes for this number"),
    ("check", "number_purpose"): gettext_lazy("wrong codes for this number and one purpose"),
    ("check", "prefix"): gettext_lazy("wrong codes for its block of numbers"),
    ("check", "country"): gettext_lazy("wrong codes for its country"),
    ("check", "site"): gettext_lazy("wrong codes on the whole site"),
    ("send", "number"): gettext_lazy("other messages to this number"),
    ("send", "prefix"): gettext_lazy("other messages to its block of numbers"),
    ("send", "country"): gettext_lazy("other messages to its country"),
    ("send", "site"): gettext_lazy("other messages of the whole site"),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """``said`` is what happened, ``todo`` what to do; ``tone`` one of the badges' colours.

    ``act`` is what staff can do about it (``"ask"``, ``"resend"``, ``"lift"``), empty for nothing.
    """

    said: str
    todo: str
    tone: str
    act: str = ""


def verdict(story: Story) -> Verdict:
    """The first that has something to say."""
    newest = next(iter(story.pending or story.verifications), None)
    is_through = newest is not None and newest.current_state == Verification.State.VERIFIED
    if not is_through and (limit := _in_the_way(story)):
        return _of_limit(story, limit, newest)
    if newest:
        return _of_verification(story, newest)
    if story.messages:
        no_code = _("No code was asked for; this is about another message.")
        found = _of_message(story, story.messages[0])
        return replace(found, todo=no_code, act="ask" if found.act == "ask" else "")
    return _of_nothing(story)


def limit_name(limit: StandingLimit) -> str:
    """Such as ``codes to this number``."""
    return str(LIMITS.get((limit.action, limit.rule), limit.rule))


def other_methods(verification: Verification) -> list[str]:
    """The ways by which its code can be sent again, those that were not used last first."""
    offered = conf.profile_of_started(verification.purpose).methods_of(verification.code_source)
    return sorted(offered, key=lambda method: method == verification.method)


def _in_the_way(story: Story) -> StandingLimit | None:
    """The limit that somebody ran into and that still holds. The ladder's waits are too short to matter, but for all.

    A limit that nobody ran into is no cause of anything.
    """
    reached = [limit for limit in story.limits if limit.is_in_the_way and limit.refused and limit.action != "send"]
    lasting = [limit for limit in reached if limit.rule != "ladder" or limit.used >= limit.most]
    return max(lasting, key=lambda limit: limit.until, default=None)


def _of_limit(story: Story, limit: StandingLimit, newest: Verification | None) -> Verdict:
    names = {"most": limit.most, "what": limit_name(limit), "time": time_span(limit.seconds)}
    said = _("The number ran into a limit: at most %(most)d %(what)s in %(time)s.") % names
    if limit.rule.endswith("conversion"):
        said = _("The number ran into a pause of %s.") % limit_name(limit)
    message = newest and newest in story.pending and story.message_of(newest)
    if message:
        said = f"{_of_message(story, message).said} {said}"
    until = clock(limit.until, story.now)
    again = _("Codes are checked again from %s.") if limit.action == "check" else _("It may ask again at %s.")
    lifted = _("If the person needs it now, lift the limit.") if limit.is_personal else ""
    return Verdict(said, f"{again % until} {lifted}".strip(), "bad", "lift" if limit.is_personal else "")


def _of_verification(story: Story, verification: Verification) -> Verdict:
    message = story.message_of(verification)
    sent = _of_message(story, message, verification) if message else None
    state = verification.current_state
    if state == Verification.State.PENDING:
        return sent or Verdict(_("The code is being sent."), _("Look again in a few seconds."), "waiting")
    if state == Verification.State.VERIFIED:
        return _of_verified(story, verification)
    ended = clock(verification.ended_at or verification.expires_at, story.now)
    return replace(ENDS[state](ended, sent), act="")


def _of_verified(story: Story, verification: Verification) -> Verdict:
    said = _("The number was verified at %s: the code came, and it was right.")
    said %= clock(verification.ended_at or story.now, story.now)
    if verification.proof_redeemed_at or not verification.proof_expires_at:
        return Verdict(said, _("There is nothing to do."), "good")
    if verification.proof_expires_at > story.now:
        until = clock(verification.proof_expires_at, story.now)
        return Verdict(said, _("The person has to finish on the site by %s.") % until, "waiting")
    return Verdict(said, _("The site did not take the proof in time: the person has to start again."), "unknown")


def _expired(ended: str, sent: Verdict | None) -> Verdict:
    said = _("The time for the code was over at %s.") % ended
    return _with_delivery(said, sent, _("The person has to ask for a new code."))


def _exhausted(ended: str, sent: Verdict | None) -> Verdict:
    said = _("Too many wrong codes were typed, the last one at %s.") % ended
    return Verdict(said, _("The person has to ask for a new code, and to type the newest one."), "bad")


def _canceled(ended: str, sent: Verdict | None) -> Verdict:
    said = _("The verification was canceled at %s.") % ended
    return _with_delivery(said, sent, _("The person has to ask for a new code."))


def _with_delivery(said: str, sent: Verdict | None, todo: str) -> Verdict:
    if sent is None:
        return Verdict(said, todo, "neutral")
    hint = _("Another method may help.") if sent.tone == "bad" else ""
    return Verdict(f"{sent.said} {said}", f"{todo} {hint}".strip(), "bad" if sent.tone == "bad" else "neutral")


ENDS: Final[Mapping[str, Callable[[str, Verdict | None], Verdict]]] = {
    Verification.State.EXPIRED: _expired,
    Verification.State.EXHAUSTED: _exhausted,
    Verification.State.CANCELED: _canceled,
}


def _of_message(story: Story, message: Message, verification: Verification | None = None) -> Verdict:
    """What became of a message, and what to do while its code can still be typed."""
    if message.is_test:
        said = _("This is a test number: its code is fixed, and nothing is sent.")
        return Verdict(said, _("The person types the code that was agreed on."), "neutral")
    known = {"channel": channel_noun(message.channel), "ago": ago(message.created_at, story.now)}
    if message.is_final:
        return _of_final(story, message, verification, known)
    told = {
        Status.SENDING: _("The %(channel)s is being handed to LANCK."),
        Status.REFUSED: _("The %(channel)s was refused and not sent."),
        Status.UNKNOWN: _("It is not known whether LANCK took the %(channel)s %(ago)s ago."),
        Status.SENT: _("LANCK sent the %(channel)s on %(ago)s ago, and the network has not said what became of it."),
    }
    usual = _("LANCK took the %(channel)s %(ago)s ago and has not said what became of it.")
    said = told.get(Status(message.status) if message.status in Status else Status.ACCEPTED, usual) % known
    if message.status == Status.REFUSED:
        return Verdict(said, _again(story, verification), "bad", "resend")
    if (story.now - message.created_at).total_seconds() < SOON:
        return Verdict(said, _("Look again in a few seconds."), "waiting")
    if message.request_id:
        return Verdict(said, _("Ask LANCK now."), "waiting", "ask")
    return Verdict(said, _("If it did not come: %s") % _again(story, verification), "unknown", "resend")


def _of_final(story: Story, message: Message, verification: Verification | None, known: Mapping[str, str]) -> Verdict:
    if message.status in (Status.DELIVERED, Status.ANSWERED):
        return _of_arrived(story, message, verification, known)
    said = _("The network did not deliver the %(channel)s.")
    if channel_spec(message.channel).rings:
        said = _("The %(channel)s did not get through, or nobody took it.")
    return Verdict(said % known, _again(story, verification), "bad", "resend")


def _of_arrived(story: Story, message: Message, verification: Verification | None, known: Mapping[str, str]) -> Verdict:
    at = clock(message.status_at or message.created_at, story.now)
    said = _("The %(channel)s was answered at %(at)s.") if message.status == Status.ANSWERED else ""
    said = (said or _("The network delivered the %(channel)s at %(at)s.")) % {**known, "at": at}
    if verification is None:
        return Verdict(said, "", "good")
    if verification.failures:
        typed = ngettext("%d wrong code was typed.", "%d wrong codes were typed.", verification.failures)
        said = f"{said} {typed % verification.failures}"
    todo = _("The person has to type the newest code by %(until)s. If they cannot find it: %(again)s")
    until = clock(verification.expires_at, story.now)
    return Verdict(said, todo % {"until": until, "again": _again(story, verification)}, "good")


def _again(story: Story, verification: Verification | None) -> str:
    """What to try, as long as a code can still be sent for the verification."""
    if verification is None:
        return ""
    if verification.resend_at is None or not verification.attempts_left:
        return _("No further code is sent for this verification: the person has to start again.")
    method = channel_noun(other_methods(verification)[0])
    if verification.resend_at > story.now:
        return _("Send the code again by %(method)s, from %(at)s on.") % {
            "method": method,
            "at": clock(verification.resend_at, story.now),
        }
    return _("Send the code again by %s.") % method


def _of_nothing(story: Story) -> Verdict:
    said = _("Nothing was ever asked for this number.")
    if not is_supported(number=story.number):
        why = _("Codes are not sent to it: its country or its kind is not supported.")
        return Verdict(f"{said} {why}", _("The person has to use another number."), "unknown")
    if any(limit.is_personal for limit in story.limits):
        said = _("Nothing is kept of this number any more, though its limits still count what was asked for it.")
    compare = _("Compare it with the customer digit by digit: they may have typed another number on the site.")
    return Verdict(said, compare, "unknown")
