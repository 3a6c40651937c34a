"""Calls from many threads at the same moment, each thread with its own database connection."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from django.db import connections


def call_concurrently(call: Callable[[int], Any], times: int, threads: int = 25) -> list[Any]:
    """Call ``call(0)`` … ``call(times - 1)`` from threads that start together; return the results and exceptions."""
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
