"""Pages cost as many statements whatever is on them."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_lanck.models import InboundMessage, Message, NumberInsight, OptOut, Receipt, Verification, VerifiedNumber
from tests.helpers import statements

from .conftest import MODELS, SCRIPT, address

pytestmark = pytest.mark.django_db


def number(index):
    return f"+1201555{index:04}"


def verification(index):
    made = Verification.objects.create(
        number=number(index), purpose="signup", method="sms", code_length=6, max_attempts=5, expires_at=timezone.now()
    )
    Message.objects.create(verification=made, channel="sms", number=made.number)
    return made


def inbound(index):
    return InboundMessage.objects.create(message_id=str(index), sender=number(index), recipient="ACME", text="Hi")


def verified_number(index):
    user = get_user_model().objects.create(username=str(index))
    return VerifiedNumber.objects.create(
        number=number(index), user=user, verification=verification(index), verified_at=timezone.now()
    )


MAKERS = {
    "verification": verification,
    "message": lambda index: verification(index).messages.get(),
    "inboundmessage": inbound,
    "numberinsight": lambda index: NumberInsight.objects.create(number=number(index), kind="hlr", status="DELIVERED"),
    "optout": lambda index: OptOut.objects.create(
        number=number(index), opted_out_at=timezone.now(), inbound=inbound(index)
    ),
    "verifiednumber": verified_number,
}


def cost(client, page):
    ContentType.objects.clear_cache()  # whatever was looked at before
    with CaptureQueriesContext(connection) as captured:
        assert client.get(page).status_code == 200
    return len(statements(captured))


@pytest.mark.parametrize("model", MODELS)
def test_a_list_takes_as_many_statements_for_100_rows_as_for_10(admin_client, model):
    page = address(model)
    costs = []
    for rows in (range(10), range(10, 100)):
        for index in rows:
            MAKERS[model](index)
        costs.append(cost(admin_client, page))
    assert costs[0] == costs[1]
    assert len(admin_client.get(page).context["cl"].result_list) == 50


@pytest.mark.parametrize("model", ["verification", "message"])
def test_a_page_takes_as_many_statements_for_50_receipts_as_for_one(admin_client, model):
    made = verification(1)
    message = made.messages.get()
    page = address(model, made.pk if model == "verification" else message.pk)
    costs = []
    for digests in (range(1), range(1, 50)):
        for digest in digests:
            payload = {"sipStatus": 486, "callCreatedAt": 1700000000 + digest}
            Receipt.objects.create(message=message, digest=str(digest), status="UNDELIVERED", payload=payload)
        costs.append(cost(admin_client, page))
    assert costs[0] == costs[1]
    assert admin_client.get(page).content.decode().count("The network said") == 50


def test_no_filter_reads_the_table_for_its_choices(admin_client):
    Message.objects.create(channel="sms", number=number(1), network=SCRIPT, country="ZZ")
    with CaptureQueriesContext(connection) as captured:
        page = admin_client.get(f"{address('message')}?_facets=True").content.decode()
    of_messages = [sql for sql in statements(captured) if 'FROM "lanck_message"' in sql.replace("`", '"')]
    assert len(of_messages) == 2  # how many there are, and the rows of this page
    assert "AF +93" in page
    assert "ZZ +" not in page
