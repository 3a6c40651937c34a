from datetime import timedelta

import pytest
from django.db.models import F

from django_lanck.models import Verification
from django_lanck.services import count_days, start_verification
from tests.services.figures.stored import OLD


@pytest.fixture
def old_verification(lanck, phone, backdate):
    """A pending verification of ten days ago with its message; the day is counted."""
    verification = start_verification(number=phone)
    backdate(verification, OLD * 86_400)
    # Not expired, so that it can still be checked and resent.
    Verification.objects.update(expires_at=F("expires_at") + timedelta(days=OLD), resend_at=F("created_at"))
    assert count_days().counted == 1
    return verification
