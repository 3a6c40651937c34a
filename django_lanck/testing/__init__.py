"""A fake LANCK inside the test process, with an outbox, for the tests of a site.

pytest: put ``pytest_plugins = ["django_lanck.testing.pytest_plugin"]`` into ``conftest.py`` and use the fixture
``lanck``. unittest: add :class:`LanckMixin` to a test case and use ``self.lanck``. Then::

    assert lanck.sent[-1].number == "+12015550123"
    client.post(check_url, {"code": lanck.sent[-1].code}, content_type="application/json")
    lanck.report(lanck.sent[-1], "DELIVERED")

It is an HTTP server on a loopback port, so the tests cover the whole app. No request leaves the machine.
"""

from .fake import FakeLanck, Sent
from .mixin import LanckMixin
from .numbers import verify_number

__all__ = ["FakeLanck", "LanckMixin", "Sent", "verify_number"]
