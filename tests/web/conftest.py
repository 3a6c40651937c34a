from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def pages(settings, lanck):
    """A site with the ready pages."""
    settings.ROOT_URLCONF = "tests.web.urls"
    settings.LOGIN_URL = "lanck_web:login"
    settings.LOGIN_REDIRECT_URL = "members"
