import pytest
from django.test import override_settings

from tests.settings import NO_LIMITS


@pytest.fixture
def limited(lanck):
    """The settings with the default limits, or with those given: ``limited(LIMITS={…})``."""
    usual = {key: value for key, value in lanck.settings.items() if key not in NO_LIMITS}
    overrides = []

    def limit(**keys):
        override = override_settings(LANCK={**usual, **keys})
        override.enable()
        overrides.append(override)

    limit()
    yield limit
    for override in reversed(overrides):
        override.disable()
