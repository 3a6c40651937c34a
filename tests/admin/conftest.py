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


def admin_url(model, pk=None):
    return reverse(f"admin:lanck_{model}_change", args=[pk]) if pk else reverse(f"admin:lanck_{model}_changelist")


def permissions(*codenames):
    return Permission.objects.filter(content_type__app_label="lanck", codename__in=codenames)


def page_text(client, url, *args, **kwargs):
    return client.get(url, *args, **kwargs).content.decode()


def run_action(client, model, action, *rows, **more):
    """Run an action of a list on these rows; return the page that follows."""
    data = {"action": action, "_selected_action": [str(row.pk) for row in rows], **more}
    return client.post(admin_url(model), data, follow=True).content.decode()


def part(page, heading):
    """Return the section of a page under a heading."""
    return page[page.index(heading) :].partition("</section>")[0]


def story_url(row, place="story"):
    return reverse(f"admin:lanck_{row._meta.model_name}_{place}", args=[row.pk])


def search_number(client, number, **more):
    return client.post(reverse("admin:lanck_find_number"), {"number": number}, **more)


@pytest.fixture
def agent(db):
    """Return the client of a staff user with all view permissions but not the one to see whole numbers."""
    user = get_user_model().objects.create_user("agent", is_staff=True)
    user.user_permissions.set(permissions(*(f"view_{model}" for model in MODELS)))
    client = Client()
    client.force_login(user)
    client.user = user
    return client


@pytest.fixture
def verified(lanck, phone):
    """Return a verification whose proof was redeemed and whose number a user owns."""
    verification = start_verification(number=phone)
    lanck.report(lanck.sent[-1], "SENT")
    for _repeat in range(2):  # with one timestamp, since the second report is to be a repeat of the first
        lanck.report(lanck.sent[-1], "DELIVERED", timestamp=int(verification.created_at.timestamp()))
    proof = check_verification(verification_id=verification.pk, code=lanck.sent[-1].code).proof
    redeem_proof(proof=proof)
    # The username contains the number, as after a signup by phone.
    claim_number(user=get_user_model().objects.create_user(f"owner {phone}"), proof=proof)
    verification.refresh_from_db()
    return verification


@pytest.fixture
def analyst(db):
    """Return the client of a staff user whose group may only view the dashboard."""
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
    """Return a function that stores the figures of a day: ``counted(1, verified=3)`` those of yesterday."""

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
def diagnosis_of(admin_client):
    """Return a function that reads cause and advice from the page of a row's number."""

    def read(row):
        diagnosis = admin_client.get(story_url(row)).context["diagnosis"]
        return f"{diagnosis.cause} {diagnosis.advice}"

    return read


@pytest.fixture
def pending(lanck, phone, backdate):
    """Return a verification that was started a minute ago."""
    verification = start_verification(number=phone)
    backdate(verification, 60)
    return verification
