import pytest
from django.utils import translation

from django_lanck.channels import LANCK_CODE_CHANNELS, SITE_CODE_CHANNELS, channel_spec
from django_lanck.exceptions import REFUSALS, Refusal
from django_lanck.web import texts


def test_instruction_of_every_code_channel_has_both_placeholders():
    for channel in (*LANCK_CODE_CHANNELS, *SITE_CODE_CHANNELS):
        instruction = str(channel_spec(channel).texts.instruction)
        assert "{number}" in instruction
        assert "{digits}" in instruction


@pytest.mark.parametrize("code", REFUSALS)
def test_refusal_text_has_the_time_to_wait(code):
    assert texts.refusal_text(Refusal(code)) == str(REFUSALS[code][1])
    assert "2 minutes" in texts.refusal_text(Refusal(code, retry_after=120))
    assert "{" not in texts.refusal_text(Refusal(code, retry_after=120))


def test_braces_in_a_custom_detail_are_not_replaced():
    for code in ("own", "too_many_requests"):
        refusal = Refusal(code, detail="Say {please}.", retry_after=5)
        assert texts.refusal_text(refusal) == "Say {please}. Try again in 5 seconds."


def test_page_has_the_language_and_direction_of_the_browser(client, db):
    assert '<html lang="en" dir="ltr">' in client.get("/account/phone/signup/").content.decode()
    page = client.get("/account/phone/signup/", headers={"accept-language": "ar"}).content.decode()
    assert '<html lang="ar" dir="rtl">' in page
    assert "المملكة المتحدة (\u200e+44)" in page


def test_code_is_sent_in_the_language_of_the_page(client, db, lanck, phone):
    client.post("/account/phone/signup/", {"number": phone}, headers={"accept-language": "fr"})
    assert lanck.sent[-1].params["language"] == "fr"
    with translation.override("en"):
        assert texts.countdown_text() == "You can ask for a new code in {time}."
