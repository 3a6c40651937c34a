from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from django_lanck.models import CountedDay, DeliveryDay
from django_lanck.models.time import site_day
from django_lanck.services import check_verification, claim_number, redeem_proof, start_verification

MODELS = ["verification", "message", "inboundmessage", "numberinsight", "optout", "verifiednumber"]
SCRIPT = "<script>alert(1)</script>"
MASKED = "+1201•••0123"


def address(model, pk=None):
    return reverse(f"admin:lanck_{model}_change", args=[pk]) if pk else reverse(f"admin:lanck_{model}_changelist")


def permissions(*codenames):
    return Permission.objects.filter(content_type__app_label="lanck", codename__in=codenames)


def act(client, model, action, *rows, **more):
    """What the page says after an action on these rows."""
    data = {"action": action, "_selected_action": [str(row.pk) for row in rows], **more}
    return client.post(address(model), data, follow=True).content.decode()


def part(page, heading):
    """The section of a page under a heading."""
    return page[page.index(heading) :].partition("</section>")[0]


def story_of(row, place="story"):
    return reverse(f"admin:lanck_{row._meta.model_name}_{place}", args=[row.pk])


def find(client, number, **more):
    return client.post(reverse("admin:lanck_find_number"), {"number": number}, **more)


@pytest.fixture
def agent(db):
    """Staff who may look, but not see whole numbers."""
    user = get_user_model().objects.create_user("agent", is_staff=True)
    user.user_permissions.set(permissions(*(f"view_{model}" for model in MODELS)))
    client = Client()
    client.force_login(user)
    client.user = user
    return client


@pytest.fixture
def story(lanck, phone):
    verification = start_verification(number=phone)
    lanck.report(lanck.sent[-1], "SENT")
    lanck.report(lanck.sent[-1], "DELIVERED")
    lanck.report(lanck.sent[-1], "DELIVERED")
    proof = check_verification(verification_id=verification.pk, code=lanck.sent[-1].code).proof
    redeem_proof(proof=proof)
    # A username that is the number, as a signup by phone may make it.
    claim_number(user=get_user_model().objects.create_user(f"owner {phone}"), proof=proof)
    verification.refresh_from_db()
    return verification


@pytest.fixture
def analyst(db):
    """Staff who may see the figures and nothing else, by a group."""
    group = Group.objects.create(name="analysts")
    group.permissions.set(permissions("view_delivery"))
    user = get_user_model().objects.create_user("analyst", is_staff=True)
    user.groups.add(group)
    client = Client()
    client.force_login(user)
    client.user, client.group = user, group
    return client


@pytest.fixture
def counted(db):
    """Keep the figures of a day, as counting does: ``counted(1, verified=3)`` for yesterday's."""

    def count(days_ago, **fields):
        day = site_day() - timedelta(days=days_ago)
        CountedDay.objects.get_or_create(day=day, defaults={"counted_at": timezone.now()})
        if fields:
            return DeliveryDay.objects.create(
                **{"day": day, "purpose": "signup", "channel": "sms", "country": "US", "mccmnc": "310260", **fields}
            )
        return None

    return count


@pytest.fixture
def told(admin_client):
    """Return the diagnosis on the page of a row's number: what happened and what to do, in one text."""

    def tell(row):
        diagnosis = admin_client.get(story_of(row)).context["diagnosis"]
        return f"{diagnosis.said} {diagnosis.todo}"

    return tell


@pytest.fixture
def waiting(lanck, phone, backdate):
    """Somebody asked for a code a minute ago."""
    verification = start_verification(number=phone)
    backdate(verification, 60)
    return verification
