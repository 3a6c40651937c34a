"""The texts and languages of the site's codes."""

import pytest
from django.utils import translation

from django_lanck.services import resend_verification, start_verification
from django_lanck.services.verifications.codes import sms_text
from django_lanck.text import fits_one_sms
from tests.helpers import with_lanck

pytestmark = pytest.mark.django_db


def start(number, channel="sms", **arguments):
    return start_verification(number=number, code_source="site", channel=channel, **arguments)


def test_sms_has_the_line_for_autofill_if_a_host_is_set(lanck, phone):
    start(phone)
    assert lanck.sent[-1].text == f"Your code is {lanck.sent[-1].code}."
    with with_lanck(lanck, CODE_HOST="www.example.com"):
        start(phone)
        code = lanck.sent[-1].code
        assert lanck.sent[-1].text == f"Your code is {code}.\n\n@www.example.com #{code}"
        start(phone, "viber")
    assert lanck.sent[-1].text == f"Your code is {lanck.sent[-1].code}."


def test_code_text_of_the_site_is_used_by_language(lanck, phone):
    with with_lanck(lanck, CODE_TEXTS={"": "{code} for ACME", "de": "{code} für ACME {und} {}"}):
        start(phone)
        assert lanck.sent[-1].text == f"{lanck.sent[-1].code} for ACME"
        start(phone, language="de")
        assert lanck.sent[-1].text == f"{lanck.sent[-1].code} für ACME {{und}} {{}}"
        with translation.override("de-at"):
            start(phone, "push")
        assert lanck.sent[-1].text.endswith("für ACME {und} {}")


def test_code_text_follows_the_active_language_even_if_lanck_does_not_have_it(lanck, phone):
    texts = {"": "{code}", "pt-br": "{code} no Brasil", "pt": "{code} em Portugal", "nl": "{code} voor u"}
    with with_lanck(lanck, CODE_TEXTS=texts, RESEND_WAITS=[0]):
        for active, ending in (("pt-br", "no Brasil"), ("pt-ao", "em Portugal"), ("nl-be", "voor u"), ("fi", "")):
            with translation.override(active):
                verification = start(phone)
            assert lanck.sent[-1].text == f"{lanck.sent[-1].code} {ending}".strip()
            with translation.override("nl"):  # the language of the request for the resend
                resend_verification(verification_id=verification.pk)
            assert lanck.sent[-1].text == f"{lanck.sent[-1].code} {ending}".strip()


def test_active_language_with_a_long_name_is_shortened(lanck, phone):
    with translation.override("de-1996-oldspelling"):
        assert start(phone).language == "de"


def test_spoken_code_gets_lancks_name_of_the_active_language(lanck, phone):
    for active, expected in (("pt-br", "pt"), ("zh-hans", "zh"), ("nl", None), (None, None)):
        with translation.override(active):
            start(phone, "p2s")
        assert lanck.sent[-1].params.get("language") == expected


def test_text_that_does_not_fit_one_sms_is_shortened_to_the_code(lanck):
    with with_lanck(lanck, CODE_HOST="a-long-host-name." * 8 + "example.com"):
        assert sms_text("123456", "en") == "123456"
    with with_lanck(lanck, CODE_HOST="www.example.com", CODE_TEXTS={"": "{code}" + "я" * 60}):
        assert sms_text("123456", "en") == "123456\n\n@www.example.com #123456"


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        *[("a" * 160, True), ("a" * 161, False), ("€" * 80, True), ("€" * 81, False)],
        *[("я" * 70, True), ("я" * 71, False), ("🙂" * 35, True), ("🙂" * 36, False), ("", True)],
    ],
)
def test_fits_one_sms_counts_gsm_and_unicode_characters(text, fits):
    assert fits_one_sms(text) is fits


def test_spoken_code_has_the_language_of_the_verification(lanck, phone):
    start(phone, "p2s", language="fr")
    assert lanck.sent[-1].params["language"] == "fr"


def test_failover_chain_follows_the_settings(lanck, phone):
    with with_lanck(lanck, CODE_FLOW=[("viber", 20, "read"), ("sms",)], CODE_HOST="example.com"):
        start(phone, "failover")
    first, last = lanck.sent[-1].params["flow"]
    assert first["failover"] == {"wait": 20, "condition": "read"}
    assert (first["type"], last["type"], "failover" in last) == ("viber", "sms", False)
    assert "@example.com" not in first["message"]["text"]
    assert last["message"]["text"].endswith(f"@example.com #{lanck.sent[-1].code}")
