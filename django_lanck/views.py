"""The short URLs in texts, and the metrics for Prometheus."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils.encoding import iri_to_uri
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_safe

from .conf import conf
from .exceptions import Refusal
from .services import current_metrics, is_metrics_token, open_link


@require_safe
@never_cache
@login_not_required
@transaction.non_atomic_requests
def link(request: HttpRequest, token: str) -> HttpResponse:
    """Redirect a short URL to its target. Targets come from the site's own texts only."""
    try:
        target = open_link(token=token, count=request.method == "GET")
    except Refusal:
        raise Http404("There is no such link.") from None
    # Not HttpResponseRedirect: the URL was validated when it was sent, and may be longer than that class allows.
    return HttpResponse(status=302, headers={"Location": iri_to_uri(target), "Referrer-Policy": "no-referrer"})


@never_cache
@login_not_required
@transaction.non_atomic_requests
@sensitive_variables()
def metrics(request: HttpRequest) -> HttpResponse:
    """Return the figures of today in a Prometheus format. It needs a token; 404 without ``METRICS_TOKENS``."""
    if not conf.metrics_tokens:
        raise Http404
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if not (is_metrics_token(token) and scheme.lower() == "bearer"):
        return HttpResponse("A token is needed.\n", "text/plain", 401, headers={"WWW-Authenticate": "Bearer"})
    from .prometheus import as_prometheus  # the extra is not installed where the metrics are off

    body, content_type = as_prometheus(current_metrics(), request.headers.get("Accept", ""))
    return HttpResponse(body, content_type)
