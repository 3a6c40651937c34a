"""What each kind of value must not be, whichever call has it. That each call looks at it: see test_conformance."""

import pytest

from django_lanck.sandbox.api import fields
from django_lanck.sandbox.api.errors import INVALID_NUMBER, INVALID_REQUEST, SENDER_NOT_ALLOWED, APIError

PHONE = "+12015550123"
NO_TEXT = ["", " ", "\n\t"]
NO_OBJECT = ["", "x", "[]", '"x"', "{", '{"a": NaN}', '{"a": 1, "a": 2}']
NO_SENDER = ["", "TwelveLetter", "1234567890123456", "<b>", "Blocked", "BLOCKED"]
NO_NUMBER = [
    "", "12015550123", "0012015550123", "+02015550123", "+123456", "+1234567890123456", "+1 201 555 0123",
    "+١٢٠١٥٥٥٠١٢٣", PHONE + " ", PHONE + "\n", "ACME",
]  # fmt: skip
NO_ADDRESS = [
    "", "/o", "ftp://127.0.0.1/", "http://user@127.0.0.1/", "http://evil.example\\@127.0.0.1/", "http://x/ y",
    "http://127.0.0.1:99999/", "http://[::zz]/", "javascript:alert(1)", "http://x/" + "a" * 2000,
]  # fmt: skip
CASES = [
    (fields.number, INVALID_NUMBER, NO_NUMBER),
    (fields.text, INVALID_REQUEST, NO_TEXT),
    (fields.sender, SENDER_NOT_ALLOWED, NO_SENDER),
    (fields.caller, SENDER_NOT_ALLOWED, [*NO_SENDER, "ACME"]),
    (fields.method, INVALID_REQUEST, ["", "SMS", "fax"]),
    (fields.language, INVALID_REQUEST, ["", "EN", "nl", "sv-SE"]),
    (fields.read_out_language, INVALID_REQUEST, ["", "RU", "de"]),
    (fields.whole_number(4, 6), INVALID_REQUEST, ["", "3", "7", "06", "six", "-5", "5.0", "9999999999", 10**40]),
    (fields.ip_address, INVALID_REQUEST, ["", "300.1.1.1", "example.com"]),
    (fields.web_address, INVALID_REQUEST, NO_ADDRESS),
    (fields.pin, INVALID_REQUEST, ["", "123", "1234567", "12 34", "abcd", "١٢٣٤"]),
    (fields.json_object, INVALID_REQUEST, NO_OBJECT),
    (fields.request_id, INVALID_REQUEST, ["", "x" * 101]),
    (fields.code, INVALID_REQUEST, ["", "1" * 101]),
    (fields.goal, INVALID_REQUEST, ["", "with space", "x" * 65]),
]


@pytest.mark.parametrize(("clean", "code", "values"), CASES)
def test_what_a_value_must_not_be(clean, code, values):
    for value in [*values, None, True, 4.5, [], [1]]:
        with pytest.raises(APIError) as refused:
            clean("the name", value)
        assert (refused.value.code, refused.value.status) == (code, 400), value
        assert "the name" in refused.value.reason or str(value).lower() == "blocked"


def test_an_object_is_no_text():
    for clean, code, _values in CASES:
        if clean is not fields.json_object:
            with pytest.raises(APIError) as refused:
                clean("the name", {"a": 1})
            assert refused.value.code == code
