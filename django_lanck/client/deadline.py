"""A deadline for a whole call. The time-outs of ``requests`` apply to each read, so a slow trickle evades them."""

from __future__ import annotations

import http.client
import io
import socket
import time
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection


class Deadline(Timeout):
    """Time-outs with a deadline that all retries of a call share. Times are seconds; ``ends`` is monotonic."""

    def __init__(self, connect: float, read: float, ends: float) -> None:
        left = max(ends - time.monotonic(), 0.001)
        super().__init__(connect=connect, read=read, total=left)
        self._parts = connect, read, ends

    def clone(self) -> Deadline:
        return Deadline(*self._parts)


class _TimedReader(io.RawIOBase):
    """Reads from a socket until a fixed deadline."""

    def __init__(self, sock: socket.socket) -> None:
        self._file = sock.makefile("rb", buffering=0)
        self._sock = sock
        timeout = sock.gettimeout()
        self._ends = None if timeout is None else time.monotonic() + timeout

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._ends is not None:
            left = self._ends - time.monotonic()
            if left <= 0:
                raise TimeoutError("timed out")
            self._sock.settimeout(left)
        return self._file.readinto(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()


class _TimedSocket:
    """The part of a socket that an HTTPResponse uses."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedReader(self._sock))


class _TimedResponse(http.client.HTTPResponse):
    # urllib3 has set the time-out of the socket to the time left for the answer, which here limits the whole answer.
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(_TimedSocket(sock), *args, **kwargs)  # type: ignore[arg-type]

    def _read_status(self) -> tuple[str, int, str]:
        """Return the status of the final answer. http.client returns 102 and 103, and the next call would read ours."""
        while True:
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if status == 100 or not 100 < status < 200:
                return version, status, reason
            http.client.parse_headers(self.fp)


class _TimedHTTPConnection(HTTPConnection):
    response_class = _TimedResponse


class _TimedHTTPSConnection(HTTPSConnection):
    response_class = _TimedResponse


class _TimedHTTPPool(HTTPConnectionPool):
    ConnectionCls = _TimedHTTPConnection


class _TimedHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _TimedHTTPSConnection


POOLS = {"http": _TimedHTTPPool, "https": _TimedHTTPSPool}


class DeadlineAdapter(HTTPAdapter):
    """An adapter that enforces the deadline of a call for answers, also through a proxy."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = POOLS
        return manager
