"""For a site's own tests: a LANCK inside the test process, with an outbox.

pytest: put ``pytest_plugins = ["django_lanck.testing.pytest_plugin"]`` into ``conftest.py`` and take the fixture
``lanck``. unittest: mix :class:`LanckMixin` into a test case and use ``self.lanck``. Then::

    assert lanck.sent[-1].number == "+12015550123"
    client.post(check_url, {"code": lanck.sent[-1].code}, content_type="application/json")
    lanck.report(lanck.sent[-1], "DELIVERED")

It is a real HTTP server on a loopback port, so the whole app is exercised; it reaches nothing outside.
"""

from .fake import FakeLanck, Sent
from .mixin import LanckMixin

__all__ = ["FakeLanck", "LanckMixin", "Sent"]
