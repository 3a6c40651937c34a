"""Many at once, each with a database connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from django.db import connections


def at_once(call: Callable[[int], Any], times: int, threads: int = 25) -> list[Any]:
    """Call it that many times from threads that a barrier releases together; exceptions are results too."""
    barrier = threading.Barrier(threads)
    results: list[Any] = []

    def work(first: int) -> None:
        barrier.wait()
        for number in range(first, times, threads):
            try:
                results.append(call(number))
            except Exception as error:
                results.append(error)
        connections.close_all()

    workers = [threading.Thread(target=work, args=[first]) for first in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    return results
