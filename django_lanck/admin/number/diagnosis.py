"""The sentences and the colour for the diagnosis of a number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ...channels import channel_spec
from ...conf.rules import limit_name
from ...durations import exact_duration
from ...models import Message, Status, Verification
from ...services import StandingLimit
from ...services.support.diagnosis import ARRIVED, Advice, Cause, Diagnosis, resend_methods
from ...services.support.story import Story
from ..labels import ago, channel_noun, time_of_day

# What happened to a message without a final status; any other status is explained as ACCEPTED.
STATUSES: Final[Mapping[str, Any]] = {
    Status.SENDING: gettext_lazy("The %(channel)s is being sent to LANCK."),
    Status.REFUSED: gettext_lazy("The %(channel)s was refused and not sent."),
    Status.UNKNOWN: gettext_lazy("It is not known whether LANCK accepted the %(channel)s %(ago)s ago."),
    Status.ACCEPTED: gettext_lazy("LANCK accepted the %(channel)s %(ago)s ago and has not reported a delivery yet."),
    Status.SENT: gettext_lazy(
        "LANCK sent the %(channel)s %(ago)s ago, and the network has not reported a delivery yet."
    ),
}
# How a verification ended, at %s.
ENDS: Final[Mapping[Cause, Any]] = {
    Cause.VERIFIED: gettext_lazy("The number was verified at %s: the code arrived and was correct."),
    Cause.EXPIRED: gettext_lazy("The code expired at %s."),
    Cause.EXHAUSTED: gettext_lazy("Too many wrong codes were typed, the last one at %s."),
    Cause.CANCELED: gettext_lazy("The verification was canceled at %s."),
}
OTHER_CAUSES: Final[Mapping[Cause, Any]] = {
    Cause.NO_MESSAGE: gettext_lazy("The code is being sent."),
    Cause.DELETED: gettext_lazy(
        "Nothing is stored about this number any more, but its limits still count earlier requests."
    ),
    Cause.NO_REQUEST: gettext_lazy("Nothing was ever requested for this number."),
}
ADVICE: Final[Mapping[Advice, Any]] = {
    Advice.NOTHING: gettext_lazy("There is nothing to do."),
    Advice.WAIT: gettext_lazy("Look again in a few seconds."),
    Advice.REFRESH: gettext_lazy("Refresh the status from LANCK."),
    Advice.ENTER_FIXED_CODE: gettext_lazy("The person has to type the agreed code."),
    Advice.START_AGAIN: gettext_lazy("The site did not redeem the proof in time: the person has to start again."),
    Advice.NEW_CODE: gettext_lazy("The person has to ask for a new code."),
    Advice.NEWEST_CODE: gettext_lazy("The person has to ask for a new code, and to type the newest one."),
    Advice.OTHER_NUMBER: gettext_lazy("The person has to use another number."),
    Advice.COMPARE_NUMBER: gettext_lazy(
        "Compare it with the customer digit by digit: they may have typed another number on the site."
    ),
}
TONES: Final[Mapping[Advice, str]] = {
    Advice.NOTHING: "good",
    Advice.WAIT: "waiting",
    Advice.REFRESH: "waiting",
    Advice.RESEND: "bad",
    Advice.RESEND_IF_MISSING: "unknown",
    Advice.ENTER_CODE: "good",
    Advice.ENTER_FIXED_CODE: "neutral",
    Advice.FINISH: "waiting",
    Advice.START_AGAIN: "unknown",
    Advice.NEW_CODE: "neutral",
    Advice.NEW_CODE_BY_OTHER_METHOD: "bad",
    Advice.NEWEST_CODE: "bad",
    Advice.WAIT_FOR_LIMIT: "bad",
    Advice.LIFT_LIMIT: "bad",
    Advice.OTHER_NUMBER: "unknown",
    Advice.COMPARE_NUMBER: "unknown",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """A diagnosis as sentences: what happened and what to do. ``tone`` is the name of a colour."""

    cause: str
    advice: str
    tone: str


def explain(diagnosis: Diagnosis, story: Story) -> Explanation:
    """Return the sentences for a diagnosis of the story."""
    causes = [_delivery(diagnosis, story), _cause(diagnosis, story)]
    return Explanation(" ".join(filter(None, causes)), _advice(diagnosis, story), TONES[diagnosis.advice])


def _delivery(diagnosis: Diagnosis, story: Story) -> str:
    """Return what happened to the message; empty if its delivery is no part of the cause."""
    message = diagnosis.message
    if message is None:
        return ""
    if message.is_test:
        return _("This is a test number: its code is fixed, and nothing is sent.")
    names = {"channel": channel_noun(message.channel), "ago": ago(message.created_at, story.now)}
    if not message.is_final:
        return str(STATUSES.get(message.status, STATUSES[Status.ACCEPTED])) % names
    if message.status in ARRIVED:
        return _arrival(message, story) + _wrong_codes(diagnosis)
    if channel_spec(message.channel).rings:
        return _("The %(channel)s did not get through or was not answered.") % names
    return _("The network did not deliver the %(channel)s.") % names


def _arrival(message: Message, story: Story) -> str:
    is_answered = message.status == Status.ANSWERED
    text = (
        _("The %(channel)s was answered at %(at)s.")
        if is_answered
        else _("The network delivered the %(channel)s at %(at)s.")
    )
    at = time_of_day(message.status_at or message.created_at, story.now)
    return text % {"channel": channel_noun(message.channel), "at": at}


def _wrong_codes(diagnosis: Diagnosis) -> str:
    failures = diagnosis.verification.failures if diagnosis.verification and not diagnosis.limit else 0
    text = ngettext("%d wrong code was typed.", "%d wrong codes were typed.", failures)
    return f" {text % failures}" if failures else ""


def _cause(diagnosis: Diagnosis, story: Story) -> str:
    """Return what happened besides the delivery."""
    if diagnosis.limit:
        return _limit(diagnosis.limit)
    verification = diagnosis.verification
    if verification and diagnosis.cause in ENDS:
        return str(ENDS[diagnosis.cause]) % time_of_day(verification.ended_at or verification.expires_at, story.now)
    if diagnosis.cause == Cause.NOT_SUPPORTED:
        why = _("No codes are sent to it: its country or its type is not supported.")
        return f"{OTHER_CAUSES[Cause.NO_REQUEST]} {why}"
    return str(OTHER_CAUSES.get(diagnosis.cause, ""))


def _limit(limit: StandingLimit) -> str:
    if limit.rule.endswith("conversion"):
        return _("A pause applies to the number: %s.") % limit_name(limit.action, limit.rule)
    text = _("The number exceeded a limit: at most %(most)d %(what)s in %(time)s.")
    return text % {
        "most": limit.most,
        "what": limit_name(limit.action, limit.rule),
        "time": exact_duration(limit.seconds),
    }


def _advice(diagnosis: Diagnosis, story: Story) -> str:
    verification, advice = diagnosis.verification, diagnosis.advice
    if diagnosis.limit:
        return _limit_advice(diagnosis.limit, story)
    if verification is None and diagnosis.message:
        return _("No code was asked for; this is about another message.")
    if verification and advice in CODE_ADVICE:
        return CODE_ADVICE[advice](verification, story)
    return str(ADVICE[advice])


def _limit_advice(limit: StandingLimit, story: Story) -> str:
    again = (
        _("Codes are checked again from %s.") if limit.action == "check" else _("A new code can be requested from %s.")
    )
    again %= time_of_day(limit.until, story.now)
    return " ".join([again, _("If the person needs it now, lift the limit.")]) if limit.is_personal else again


def _resend(verification: Verification, story: Story) -> str:
    if verification.resend_at is None or not verification.attempts_left:
        return _("No further code is sent for this verification: the person has to start again.")
    method = channel_noun(resend_methods(verification)[0])
    if verification.resend_at <= story.now:
        return _("Send the code again by %s.") % method
    names = {"method": method, "at": time_of_day(verification.resend_at, story.now)}
    return _("Send the code again by %(method)s, from %(at)s on.") % names


def _resend_if_missing(verification: Verification, story: Story) -> str:
    return _("If it did not arrive: %s") % _resend(verification, story)


def _enter_code(verification: Verification, story: Story) -> str:
    text = _("The person has to type the newest code by %(until)s. If they cannot find it: %(again)s")
    return text % {"until": time_of_day(verification.expires_at, story.now), "again": _resend(verification, story)}


def _finish(verification: Verification, story: Story) -> str:
    until = time_of_day(verification.proof_expires_at or story.now, story.now)
    return _("The person has to finish on the site by %s.") % until


def _new_code_by_other_method(verification: Verification, story: Story) -> str:
    return " ".join([str(ADVICE[Advice.NEW_CODE]), _("Another method may help.")])


CODE_ADVICE: Final[Mapping[Advice, Callable[[Verification, Story], str]]] = {
    Advice.RESEND: _resend,
    Advice.RESEND_IF_MISSING: _resend_if_missing,
    Advice.ENTER_CODE: _enter_code,
    Advice.FINISH: _finish,
    Advice.NEW_CODE_BY_OTHER_METHOD: _new_code_by_other_method,
}
