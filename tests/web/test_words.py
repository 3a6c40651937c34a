import pytest
from django.utils import translation

from django_lanck.channels import LANCK_CODE_CHANNELS, SITE_CODE_CHANNELS, channel_spec
from django_lanck.exceptions import REFUSALS, Refusal
from django_lanck.web import words


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (25, "25 seconds"),
        (60, "1 minute"),
        (95, "1 minute 35 seconds"),
        (120, "2 minutes"),
        (601, "11 minutes"),
        (3541, "1 hour"),
        (3600, "1 hour"),
        (3601, "2 hours"),
        (86_400, "24 hours"),
    ],
)
def test_times_are_told_in_words(seconds, said):
    assert words.time_span(seconds) == said


@pytest.mark.parametrize(("seconds", "shown"), [(0, "0:00"), (9, "0:09"), (90, "1:30"), (600, "10:00")])
def test_a_countdown_shows_minutes_and_seconds(seconds, shown):
    assert words.clock(seconds) == shown


def test_every_method_and_channel_has_its_words():
    for channel in (*LANCK_CODE_CHANNELS, *SITE_CODE_CHANNELS):
        instruction = str(channel_spec(channel).texts.instruction)
        assert "{number}" in instruction
        assert "{digits}" in instruction


@pytest.mark.parametrize("code", REFUSALS)
def test_every_refusal_that_waits_says_how_long(code):
    assert words.sentence(Refusal(code)) == str(REFUSALS[code][1])
    assert "2 minutes" in words.sentence(Refusal(code, retry_after=120))
    assert "{" not in words.sentence(Refusal(code, retry_after=120))


def test_a_detail_of_the_sites_own_may_have_braces():
    for code in ("own", "too_many_requests"):
        refusal = Refusal(code, detail="Say {please}.", retry_after=5)
        assert words.sentence(refusal) == "Say {please}. Try again in 5 seconds."


def test_pages_have_the_language_and_the_direction_of_their_reader(client, db):
    assert '<html lang="en" dir="ltr">' in client.get("/account/phone/signup/").content.decode()
    page = client.get("/account/phone/signup/", headers={"accept-language": "ar"}).content.decode()
    assert '<html lang="ar" dir="rtl">' in page
    assert "المملكة المتحدة (\u200e+44)" in page


def test_the_code_speaks_the_language_of_the_page(client, db, lanck, phone):
    client.post("/account/phone/signup/", {"number": phone}, headers={"accept-language": "fr"})
    assert lanck.sent[-1].params["language"] == "fr"
    with translation.override("en"):
        assert words.countdown() == "You can ask for a new code in {time}."
