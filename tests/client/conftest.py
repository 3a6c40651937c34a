import pytest

from django_lanck.client import LanckClient, Options

TOKEN = "id-of-account:kept-secret"


@pytest.fixture
def make_client():
    """Return a function that creates a client with short time-outs: ``make_client(base_url, **options)``."""

    def make(base_url, **keys):
        defaults = {
            "access_token": TOKEN,
            "connect_timeout": 0.5,
            "read_timeout": 0.4,
            "total_timeout": 2.0,
            "rate_limit_wait": 0.0,
            "proxies": (),
            "ca_file": "",
            "max_answer_bytes": 10_000,
            "breaker_failures": 0,
        }
        return LanckClient(Options(base_url=base_url, **{**defaults, **keys}))

    return make
