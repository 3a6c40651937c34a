"""Invalid values of each type of parameter. test_conformance checks that each operation validates its parameters."""

import pytest

from django_lanck.sandbox.api import fields
from django_lanck.sandbox.api.errors import INVALID_NUMBER, INVALID_REQUEST, SENDER_NOT_ALLOWED, APIError
from django_lanck.sandbox.provider.channels import METHODS

PHONE = "+12015550123"
INVALID_TEXTS = ["", " ", "\n\t"]
INVALID_OBJECTS = ["", "x", "[]", '"x"', "{", '{"a": NaN}', '{"a": 1, "a": 2}']
INVALID_SENDERS = ["", "TwelveLetter", "1234567890123456", "<b>", "Blocked", "BLOCKED"]
INVALID_NUMBERS = [
    "", "12015550123", "0012015550123", "+02015550123", "+123456", "+1234567890123456", "+1 201 555 0123",
    "+١٢٠١٥٥٥٠١٢٣", PHONE + " ", PHONE + "\n", "ACME",
]  # fmt: skip
INVALID_URLS = [
    "", "/o", "ftp://127.0.0.1/", "http://user@127.0.0.1/", "http://evil.example\\@127.0.0.1/", "http://x/ y",
    "http://127.0.0.1:99999/", "http://[::zz]/", "javascript:alert(1)", "http://x/" + "a" * 2000,
]  # fmt: skip
CASES = [
    (fields.number, INVALID_NUMBER, INVALID_NUMBERS),
    (fields.text, INVALID_REQUEST, INVALID_TEXTS),
    (fields.sender, SENDER_NOT_ALLOWED, INVALID_SENDERS),
    (fields.caller, SENDER_NOT_ALLOWED, [*INVALID_SENDERS, "ACME"]),
    (fields.one_of(*METHODS), INVALID_REQUEST, ["", "SMS", "fax"]),
    (fields.language, INVALID_REQUEST, ["", "EN", "nl", "sv-SE"]),
    (fields.read_out_language, INVALID_REQUEST, ["", "RU", "de"]),
    (fields.integer(4, 6), INVALID_REQUEST, ["", "3", "7", "06", "six", "-5", "5.0", "9999999999", 10**40]),
    (fields.ip_address, INVALID_REQUEST, ["", "300.1.1.1", "example.com"]),
    (fields.web_url, INVALID_REQUEST, INVALID_URLS),
    (fields.pin, INVALID_REQUEST, ["", "123", "1234567", "12 34", "abcd", "١٢٣٤"]),
    (fields.json_object, INVALID_REQUEST, INVALID_OBJECTS),
    (fields.request_id, INVALID_REQUEST, ["", "x" * 101]),
    (fields.code, INVALID_REQUEST, ["", "1" * 101]),
    (fields.goal, INVALID_REQUEST, ["", "with space", "x" * 65]),
]


@pytest.mark.parametrize(("validate", "code", "values"), CASES)
def test_invalid_value_is_refused_with_its_error_code(validate, code, values):
    for value in [*values, None, True, 4.5, [], [1]]:
        with pytest.raises(APIError) as refused:
            validate("the name", value)
        assert (refused.value.code, refused.value.status) == (code, 400), value
        assert "the name" in refused.value.reason or str(value).lower() == "blocked"


def test_object_is_refused_where_a_text_is_expected():
    for validate, code, _values in CASES:
        if validate is not fields.json_object:
            with pytest.raises(APIError) as refused:
                validate("the name", {"a": 1})
            assert refused.value.code == code
