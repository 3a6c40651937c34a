"""Pages take the same number of statements for any number of rows."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_lanck.models import InboundMessage, Message, NumberInsight, OptOut, Receipt, Verification, VerifiedNumber
from tests.helpers import statements

from .conftest import MODELS, SCRIPT, admin_url, page_text

pytestmark = pytest.mark.django_db


def number(index):
    return f"+1201555{index:04}"


def verification(index):
    created = Verification.objects.create(
        number=number(index), purpose="signup", method="sms", code_length=6, max_attempts=5, expires_at=timezone.now()
    )
    Message.objects.create(verification=created, channel="sms", number=created.number)
    return created


def inbound(index):
    return InboundMessage.objects.create(message_id=str(index), sender=number(index), recipient="ACME", text="Hi")


def verified_number(index):
    user = get_user_model().objects.create(username=str(index))
    return VerifiedNumber.objects.create(
        number=number(index), user=user, verification=verification(index), verified_at=timezone.now()
    )


FACTORIES = {
    "verification": verification,
    "message": lambda index: verification(index).messages.get(),
    "inboundmessage": inbound,
    "numberinsight": lambda index: NumberInsight.objects.create(number=number(index), kind="hlr", status="DELIVERED"),
    "optout": lambda index: OptOut.objects.create(
        number=number(index), opted_out_at=timezone.now(), inbound=inbound(index)
    ),
    "verifiednumber": verified_number,
}


def count_statements(client, page):
    ContentType.objects.clear_cache()  # filled by earlier requests
    with CaptureQueriesContext(connection) as captured:
        assert client.get(page).status_code == 200
    return len(statements(captured))


@pytest.mark.parametrize("model", MODELS)
def test_list_of_100_rows_takes_as_many_statements_as_of_10(admin_client, model):
    page = admin_url(model)
    costs = []
    for rows in (range(10), range(10, 100)):
        for index in rows:
            FACTORIES[model](index)
        costs.append(count_statements(admin_client, page))
    assert costs[0] == costs[1]
    assert len(admin_client.get(page).context["cl"].result_list) == 50


@pytest.mark.parametrize("model", ["verification", "message"])
def test_page_with_50_receipts_takes_as_many_statements_as_with_one(admin_client, model):
    created = verification(1)
    message = created.messages.get()
    page = admin_url(model, created.pk if model == "verification" else message.pk)
    costs = []
    for digests in (range(1), range(1, 50)):
        for digest in digests:
            payload = {"sipStatus": 486, "callCreatedAt": 1700000000 + digest}
            Receipt.objects.create(message=message, digest=str(digest), status="UNDELIVERED", payload=payload)
        costs.append(count_statements(admin_client, page))
    assert costs[0] == costs[1]
    assert page_text(admin_client, page).count("The network reported") == 50


def test_filters_do_not_read_the_table_for_their_choices(admin_client):
    Message.objects.create(channel="sms", number=number(1), network=SCRIPT, country="ZZ")
    with CaptureQueriesContext(connection) as captured:
        page = page_text(admin_client, f"{admin_url('message')}?_facets=True")
    of_messages = [sql for sql in statements(captured) if 'FROM "lanck_message"' in sql.replace("`", '"')]
    assert len(of_messages) == 2  # the oldest row of the list, and the rows of the page
    assert "AF +93" in page
    assert "ZZ +" not in page
