import pytest
from django.contrib.auth import get_user_model

from django_lanck.models import VerifiedNumber

pytestmark = pytest.mark.django_db
SIGNUP = "/account/phone/signup/"


def test_a_number_and_its_code_are_an_account(client, lanck, phone):
    page = client.get(SIGNUP)
    assert page.status_code == 200
    assert client.post(SIGNUP, {"country": "US", "number": "(201) 555-0123"})["Location"] == f"{SIGNUP}code/"
    assert client.get(f"{SIGNUP}code/").status_code == 200
    response = client.post(f"{SIGNUP}code/", {"code": f"Your code is {lanck.sent[-1].code}"})
    assert response["Location"] == "/members/"
    user = get_user_model().objects.get()
    assert VerifiedNumber.objects.get().user == user
    assert client.session["_auth_user_id"] == str(user.pk)
    assert phone not in user.get_username()
