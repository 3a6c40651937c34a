"""What the fixture of the fake LANCK leaves behind: nothing."""

from django.conf import settings as sites

BEFORE = dict(sites.LANCK)


def test_a_test_sets_something_else_too(settings, lanck):
    """``settings`` is asked for first, as an autouse fixture of the site's would."""
    settings.LOGIN_URL = "/elsewhere/"
    assert sites.LANCK == lanck.settings != BEFORE


def test_the_next_one_finds_the_settings_of_the_site():
    assert sites.LANCK == BEFORE
    assert sites.LOGIN_URL != "/elsewhere/"
