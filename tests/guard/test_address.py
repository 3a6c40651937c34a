"""The client address that limits count by, which visitors cannot forge."""

import pytest
from django.test import override_settings

from django_lanck.services import client_address

PROXIES = ["10.0.0.0/8", "2001:db8::/32"]
URL = "/api/phone/verifications/"


def address(rf, peer, forwarded=None, trusted=None):
    headers = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}
    with override_settings(LANCK={} if trusted is None else {"TRUSTED_PROXIES": trusted}):
        return client_address(rf.get("/", REMOTE_ADDR=peer, **headers))


@pytest.mark.parametrize("trusted", [None, [], ["10.0.0.0/8"]])
def test_forwarded_address_of_an_untrusted_peer_is_ignored(rf, trusted):
    assert address(rf, "203.0.113.9", "198.51.100.1", trusted) == "203.0.113.9"


@pytest.mark.parametrize(
    ("forwarded", "found"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("198.51.100.1, 203.0.113.9", "203.0.113.9"),  # the left one may be forged
        ("10.9.9.9, 203.0.113.9", "203.0.113.9"),
        ("203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("198.51.100.1,203.0.113.9,10.0.0.2,10.0.0.3", "203.0.113.9"),
        (" 203.0.113.9 ", "203.0.113.9"),
        ("203.0.113.9:51234", "203.0.113.9"),
        ("2a02:6b8::1", "2a02:6b8::1"),
        ("[2a02:6b8::1]:51234", "2a02:6b8::1"),
        ("2a02:6b8::1%eth0", "2a02:6b8::1"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("203.0.113.9, 2001:db8::7", "203.0.113.9"),
        ("10.1.1.1, 10.0.0.2", "10.1.1.1"),  # all of them are trusted
        ("", "10.0.0.1"),
        (None, "10.0.0.1"),
        ("unknown", "10.0.0.1"),
        ("203.0.113.9, unknown, 10.0.0.2", "10.0.0.2"),
        ("203.0.113.9, 10.0.0.2, <script>", "10.0.0.1"),
        ("," * 5000, "10.0.0.1"),
    ],
)
def test_last_untrusted_address_before_a_trusted_proxy_is_used(rf, forwarded, found):
    assert address(rf, "10.0.0.1", forwarded, PROXIES) == found


def test_ipv4_mapped_address_of_a_proxy_is_trusted(rf):
    assert address(rf, "::ffff:10.0.0.1", "203.0.113.9", PROXIES) == "203.0.113.9"


@pytest.mark.parametrize("peer", ["", None])
def test_unix_socket_is_trusted_if_it_is_configured(rf, peer):
    assert address(rf, peer, "203.0.113.9", ["unix:"]) == "203.0.113.9"
    assert address(rf, peer, "203.0.113.9, 10.0.0.2", ["unix:", *PROXIES]) == "203.0.113.9"
    assert address(rf, peer, "203.0.113.9", PROXIES) is None
    assert address(rf, peer, "203.0.113.9") is None
    assert address(rf, peer, None, ["unix:"]) is None


def test_invalid_peer_address_gives_no_address(rf):
    assert address(rf, "nonsense", "203.0.113.9", ["unix:", *PROXIES]) is None


@pytest.mark.parametrize("header", ["HTTP_FORWARDED", "HTTP_X_REAL_IP"])
def test_other_headers_are_ignored(rf, header):
    with override_settings(LANCK={"TRUSTED_PROXIES": PROXIES}):
        assert client_address(rf.get("/", REMOTE_ADDR="10.0.0.1", **{header: "203.0.113.9"})) == "10.0.0.1"


def starts(client, phones, **headers) -> list[int]:
    return [client.post(URL, {"number": number}, "application/json", **headers).status_code for number in phones]


PHONES = [f"+12015550{last}" for last in range(100, 104)]


@pytest.mark.django_db
def test_forged_addresses_share_the_limit_of_the_peer(enable_limits, client):
    enable_limits(LIMITS={"address": ("2/hour",)})
    codes = [
        starts(client, [number], REMOTE_ADDR="8.8.8.8", HTTP_X_FORWARDED_FOR=f"9.9.9.{n}")[0]
        for n, number in enumerate(PHONES)
    ]
    assert codes == [201, 201, 429, 429]


@pytest.mark.django_db
def test_addresses_of_one_ipv6_network_share_a_limit(enable_limits, client):
    enable_limits(LIMITS={"address": ("2/hour",)})
    codes = [starts(client, [number], REMOTE_ADDR=f"2a02:6b8:0:1::{n}")[0] for n, number in enumerate(PHONES, 1)]
    assert codes == [201, 201, 429, 429]
    assert starts(client, ["+12015550199"], REMOTE_ADDR="2a02:6b8:0:2::1") == [201]


@pytest.mark.django_db
def test_visitors_behind_a_trusted_proxy_have_separate_limits(enable_limits, client):
    enable_limits(LIMITS={"address": ("1/hour",)}, TRUSTED_PROXIES=["10.0.0.0/8"])
    proxy = {"REMOTE_ADDR": "10.0.0.1"}
    assert starts(client, PHONES[:2], **proxy, HTTP_X_FORWARDED_FOR="8.8.8.8") == [201, 429]
    assert starts(client, PHONES[1:2], **proxy, HTTP_X_FORWARDED_FOR="8.8.4.4") == [201]


@pytest.mark.django_db
def test_limit_of_a_private_address_is_watched_until_proxies_are_configured(enable_limits, client, lanck):
    enable_limits(LIMITS={"address": ("1/hour",)})
    assert starts(client, PHONES, REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="8.8.8.8") == [201] * 4
    enable_limits(LIMITS={"address": ("1/hour",)}, TRUSTED_PROXIES=[])
    assert starts(client, ["+12015550199"], REMOTE_ADDR="10.0.0.1") == [429]
