"""Links from the figures of the dashboard to the rows that they count."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from django_lanck.models import Verification
from django_lanck.models.time import site_day
from django_lanck.services import check_verification, start_verification

from .conftest import permissions
from .delivery import PAGE, WEEK

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]


def links(client, query=""):
    """Return the URLs of the change lists that the page links to."""
    page = client.get(f"{PAGE}{query}").content.decode()
    return [unescape(each) for each in re.findall(r'href="(/admin/lanck/(?!deliveryday)[^"?]*\?[^"]*)"', page)]


def test_figures_link_to_the_rows_that_they_count(admin_client, lanck, phone):
    for number in (phone, "+12015550199", "+12015550198"):
        start_verification(number=number)
    lanck.report(lanck.sent[0], "DELIVERED")
    lanck.report(lanck.sent[1], "UNDELIVERED")
    check_verification(verification_id=Verification.objects.get(number=phone).pk, code=lanck.sent[0].code)
    found = {}
    for address in links(admin_client, "?days=1&purpose=signup"):
        query = parse_qs(urlsplit(address).query)
        assert query["created_at__gte"] == [site_day().isoformat()], address
        assert query["created_at__lt"] == [(site_day() + timedelta(days=1)).isoformat()], address
        answer = admin_client.get(address)
        assert answer.status_code == 200, (address, answer)
        rows = answer.context["cl"].result_list
        found[address.partition("?")[0], *(query.get(name, [""])[0] for name in ("outcome", "reached", "state"))] = len(
            rows
        )
    messages, verifications = "/admin/lanck/message/", "/admin/lanck/verification/"
    assert {key: count for key, count in found.items() if key[0] == verifications} == {
        (verifications, "", "", ""): 3, (verifications, "", "lanck", ""): 3, (verifications, "", "phone", ""): 1,
        (verifications, "", "", "verified"): 1,
    }  # fmt: skip
    assert found[messages, "delivered", "", ""] == 1
    assert found[messages, "unsettled", "", ""] == 1


@pytest.mark.parametrize(("permission", "model"), [("view_message", "message"), ("view_verification", "verification")])
def test_links_require_the_permission_to_view_the_rows(analyst, counted, permission, model):
    counted(1, **WEEK)
    assert links(analyst) == []
    analyst.group.permissions.add(*permissions(permission))
    assert {address.split("/")[3] for address in links(analyst)} == {model}


def test_days_whose_rows_may_be_deleted_have_no_links(admin_client, counted, settings):
    counted(1, **WEEK)
    counted(20, **WEEK)
    settings.LANCK = {**settings.LANCK, "RETENTION": {"messages": 10, "verifications": 10}}
    assert links(admin_client, "?days=7")
    days = {parse_qs(urlsplit(address).query)["created_at__gte"][0] for address in links(admin_client, "?days=30")}
    assert days == {(site_day() - timedelta(days=each)).isoformat() for each in range(10)}
