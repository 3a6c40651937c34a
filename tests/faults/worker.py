"""A worker process of the site that can be killed and can have a wrong clock.

It reads its options as JSON from standard input and prints the port that it serves on.
"""

from __future__ import annotations

import datetime
import json
import os
import sys
import time


def set_clock(seconds: float) -> None:
    """Set the clock ahead (or behind, if negative). Call it before other modules import the functions."""
    from django.utils import timezone

    real_time, real_now = time.time, timezone.now
    time.time = lambda: real_time() + seconds
    timezone.now = lambda: real_now() + datetime.timedelta(seconds=seconds)


def serve(options: dict) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    from django.conf import settings
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
    from django.core.wsgi import get_wsgi_application

    settings.DATABASES = {"default": options["DATABASE"]}
    settings.LANCK = options["LANCK"]
    settings.ROOT_URLCONF = "tests.faults.urls"
    server = ThreadedWSGIServer(("127.0.0.1", 0), WSGIRequestHandler)
    server.set_app(get_wsgi_application())
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    options = json.load(sys.stdin)
    set_clock(options.get("CLOCK", 0))
    serve(options)
