"""The fixture ``lanck`` restores the settings of the site."""

from django.conf import settings as site_settings

BEFORE = dict(site_settings.LANCK)


def test_lanck_and_other_settings_are_overridden_together(settings, lanck):
    """``settings`` comes first, as in an autouse fixture of a site."""
    settings.LOGIN_URL = "/elsewhere/"
    assert site_settings.LANCK == lanck.settings != BEFORE


def test_overridden_settings_are_restored_for_the_next_test():
    assert site_settings.LANCK == BEFORE
    assert site_settings.LOGIN_URL != "/elsewhere/"
