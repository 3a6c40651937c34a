import pytest
from django.utils import translation

from django_lanck.channels import LANCK_CODE_CHANNELS, SITE_CODE_CHANNELS, channel_spec
from django_lanck.exceptions import REFUSALS, Refusal
from django_lanck.web import texts


def test_every_method_and_channel_has_its_words():
    for channel in (*LANCK_CODE_CHANNELS, *SITE_CODE_CHANNELS):
        instruction = str(channel_spec(channel).texts.instruction)
        assert "{number}" in instruction
        assert "{digits}" in instruction


@pytest.mark.parametrize("code", REFUSALS)
def test_every_refusal_that_waits_says_how_long(code):
    assert texts.refusal_text(Refusal(code)) == str(REFUSALS[code][1])
    assert "2 minutes" in texts.refusal_text(Refusal(code, retry_after=120))
    assert "{" not in texts.refusal_text(Refusal(code, retry_after=120))


def test_a_detail_of_the_sites_own_may_have_braces():
    for code in ("own", "too_many_requests"):
        refusal = Refusal(code, detail="Say {please}.", retry_after=5)
        assert texts.refusal_text(refusal) == "Say {please}. Try again in 5 seconds."


def test_pages_have_the_language_and_the_direction_of_their_reader(client, db):
    assert '<html lang="en" dir="ltr">' in client.get("/account/phone/signup/").content.decode()
    page = client.get("/account/phone/signup/", headers={"accept-language": "ar"}).content.decode()
    assert '<html lang="ar" dir="rtl">' in page
    assert "المملكة المتحدة (\u200e+44)" in page


def test_the_code_speaks_the_language_of_the_page(client, db, lanck, phone):
    client.post("/account/phone/signup/", {"number": phone}, headers={"accept-language": "fr"})
    assert lanck.sent[-1].params["language"] == "fr"
    with translation.override("en"):
        assert texts.countdown_text() == "You can ask for a new code in {time}."
