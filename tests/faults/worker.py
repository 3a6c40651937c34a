"""One worker of the site in a process of its own: it can be killed, and its clock can be wrong.

Reads its settings as JSON, and prints the port that it serves on.
"""

from __future__ import annotations

import datetime
import json
import os
import sys
import time


def set_clock(seconds: float) -> None:
    """Be so many seconds ahead of the time, or behind it. Before anything takes the functions by name."""
    from django.utils import timezone

    true_time, true_now = time.time, timezone.now
    time.time = lambda: true_time() + seconds
    timezone.now = lambda: true_now() + datetime.timedelta(seconds=seconds)


def serve(given: dict) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    from django.conf import settings
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
    from django.core.wsgi import get_wsgi_application

    settings.DATABASES = {"default": given["DATABASE"]}
    settings.LANCK = given["LANCK"]
    settings.ROOT_URLCONF = "tests.faults.urls"
    server = ThreadedWSGIServer(("127.0.0.1", 0), WSGIRequestHandler)
    server.set_app(get_wsgi_application())
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    given = json.load(sys.stdin)
    set_clock(given.get("CLOCK", 0))
    serve(given)
