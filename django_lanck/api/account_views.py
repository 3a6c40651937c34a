"""The views that use a proof: sign up, log in, change the number; and the user's own number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.http import Http404
from django.middleware.csrf import get_token
from django.utils.datastructures import MultiValueDict
from django.views.decorators.debug import sensitive_variables
from rest_framework import status
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from .. import services
from ..conf import conf
from ..exceptions import Refusal
from .logins import log_in
from .serializers import represent_user
from .views import PhoneView


class ProofView(PhoneView):
    """Base of the views that take a proof. Answers 404 where the API does not serve their purpose.

    The view sets the purpose, so that a client cannot choose one whose profile is weaker.
    """

    purpose: ClassVar[str]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if self.purpose not in conf.public_purposes():
            raise Http404
        super().initial(request, *args, **kwargs)

    @sensitive_variables()
    def body(self, request: Request) -> dict[str, Any]:
        """Return the JSON object of the body. Raises Refusal ``invalid_proof`` where its proof is not a string."""
        if not isinstance(request.data, Mapping):
            raise Refusal("invalid_body")
        body = dict(request.data)
        if not isinstance(body.get("proof"), str):
            raise Refusal("invalid_proof")
        return body


class SignupView(ProofView):
    purpose = "signup"

    @sensitive_variables()
    def post(self, request: Request) -> Response:
        body = self.body(request)
        answers: list[dict[str, Any]] = []
        user = services.sign_up(
            proof=body.pop("proof"),
            purpose=self.purpose,
            binding=services.binding_for(request),
            take_over=_boolean(body, "take_over"),
            data=form_data(body),
            request=request._request,
            log_in=lambda user: answers.append(log_in(request._request, user)),
        )
        return Response({**represent_user(user), **answers[0]}, status=status.HTTP_201_CREATED)


class LoginView(ProofView):
    purpose = "login"

    @sensitive_variables()
    def post(self, request: Request) -> Response:
        proof = self.body(request)["proof"]
        user = services.authenticate_by_proof(
            proof=proof, purpose=self.purpose, binding=services.binding_for(request), request=request._request
        )
        return Response({**represent_user(user), **log_in(request._request, user)})


class NumberView(ProofView):
    purpose = "change_number"

    def get_permissions(self) -> list[Any]:
        return [*super().get_permissions(), IsAuthenticated()]

    @sensitive_variables()
    def post(self, request: Request) -> Response:
        body, binding = self.body(request), services.binding_for(request)
        spend = {"proof": body["proof"], "purpose": self.purpose, "binding": binding}
        services.number_of_proof(**spend)  # an invalid proof spends no confirmation
        user: Any = request.user
        services.require_confirmation(
            user=user,
            request=request._request,
            password=_text(body, "password"),
            proof=_text(body, "confirmation"),
            binding=binding,
        )
        services.change_number(user=user, **spend)
        return Response(represent_user(user))


class MeView(PhoneView):
    def get_permissions(self) -> list[Any]:
        return [*super().get_permissions(), IsAuthenticated()]

    def get(self, request: Request) -> Response:
        answer = represent_user(request.user)
        if isinstance(request.successful_authenticator, SessionAuthentication):
            answer["csrf_token"] = get_token(request._request)
        return Response(answer)


@sensitive_variables()
def form_data(body: Mapping[str, Any]) -> MultiValueDict[str, str]:
    """Return the fields of a JSON object as an HTML form posts them. Raises Refusal for objects and nested lists."""
    data: MultiValueDict[str, str] = MultiValueDict()
    for name, value in body.items():
        values = value if isinstance(value, list) else [value]
        if any(isinstance(each, list | dict) for each in values):
            raise Refusal("invalid_argument", errors={name: [Refusal("invalid_argument").detail]})
        data.setlist(name, [_posted(each) for each in values if each is not None])
    return data


def _posted(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@sensitive_variables()
def _boolean(body: dict[str, Any], name: str) -> bool:
    value = body.pop(name, False)
    if not isinstance(value, bool):
        raise Refusal("invalid_argument", errors={name: [Refusal("invalid_argument").detail]})
    return value


@sensitive_variables()
def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name, "")
    if not isinstance(value, str):
        raise Refusal("invalid_argument", errors={name: [Refusal("invalid_argument").detail]})
    return value
