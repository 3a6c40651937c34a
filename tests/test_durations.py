import pytest

from django_lanck.durations import countdown, exact_duration, rounded_duration


@pytest.mark.parametrize(
    ("seconds", "text"),
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
def test_rounded_duration_is_never_shorter_than_the_time(seconds, text):
    assert rounded_duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (60, "1 minute"),
        (95, "95 seconds"),
        (3600, "1 hour"),
        (5400, "90 minutes"),
        (86_400, "24 hours"),
    ],
)
def test_exact_duration_uses_the_largest_unit_that_needs_no_rounding(seconds, text):
    assert exact_duration(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (9, "0:09"), (90, "1:30"), (600, "10:00")])
def test_countdown_shows_minutes_and_seconds(seconds, text):
    assert countdown(seconds) == text
