import pytest

from django_lanck.models.number import mask_number


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("+12015550123", "+1201•••0123"),
        ("+4712345678", "+471•••5678"),
        ("+376123456", "+37•••3456"),
        ("+29051234", "•••"),
        ("", "•••"),
    ],
)
def test_masked_number_hides_at_least_three_digits(number, masked):
    assert mask_number(number) == masked
