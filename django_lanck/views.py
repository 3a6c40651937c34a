"""What people open: the short addresses in texts."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.encoding import iri_to_uri
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from .exceptions import Refusal
from .services import open_link


@require_safe
@never_cache
@login_not_required
@transaction.non_atomic_requests
def link(request: HttpRequest, token: str) -> HttpResponse:
    """Lead to where a text's link leads. Only what this site put into a text is ever led to."""
    try:
        target = open_link(token=token, count=request.method == "GET")
    except Refusal:
        raise Http404("There is no such link.") from None
    # Not HttpResponseRedirect: the address was checked when it was sent, and may be longer than that takes.
    return HttpResponse(status=302, headers={"Location": iri_to_uri(target), "Referrer-Policy": "no-referrer"})
