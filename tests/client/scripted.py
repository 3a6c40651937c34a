"""A TCP server that follows a script, one step for each request: respond, hang, send slowly, reset the connection."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

Step = Callable[[socket.socket], None]


@dataclass
class Request:
    verb: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Scripted:
    """A server whose n-th request is handled by the n-th step, and all later ones by the last step.

    ``requests`` are the requests that arrived.
    """

    steps: list[Step]
    tls: ssl.SSLContext | None = None
    requests: list[Request] = field(default_factory=list)
    connections: int = 0

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=50)
        self._open: list[socket.socket] = []
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}/v1"

    def close(self) -> None:
        self._listener.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ssl.SSLError, ValueError):
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
                self._open.append(connection)
            while (request := read_request(connection)) is not None:
                self.requests.append(request)
                step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
                step(connection)


def read_request(connection: socket.socket) -> Request | None:
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65536)
        if not chunk:
            return None
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += connection.recv(65536)
    verb, path, _ = first.split(" ")
    return Request(verb, path, headers, body)


def answer(body: str | bytes, status: str = "200 OK", *headers: str) -> bytes:
    """Return the bytes of an HTTP response."""
    content = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(content)}", "Content-Type: application/json", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def says(body: str | bytes, status: str = "200 OK", *headers: str) -> Step:
    """Return a step that sends a response."""
    return lambda connection: connection.sendall(answer(body, status, *headers))


def sends(data: bytes) -> Step:
    """Return a step that sends raw bytes."""
    return lambda connection: connection.sendall(data)


def then_closes(*steps: Step) -> Step:
    """Return a step that takes other steps and closes the connection."""

    def step(connection: socket.socket) -> None:
        for each in steps:
            each(connection)
        connection.shutdown(socket.SHUT_RDWR)
        connection.close()

    return step


def resets(connection: socket.socket) -> None:
    """Reset the connection."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def hangs(connection: socket.socket) -> None:
    """Send nothing for longer than any time-out."""
    time.sleep(8)


def drips(data: bytes, pause: float = 0.05) -> Step:
    """Return a step that sends one byte at a time, with a pause after each."""

    def step(connection: socket.socket) -> None:
        for byte in data:
            connection.sendall(bytes([byte]))
            time.sleep(pause)

    return step


@contextlib.contextmanager
def scripted(*steps: Step, tls: ssl.SSLContext | None = None) -> Iterator[Scripted]:
    """Run a server that takes these steps."""
    server = Scripted(list(steps), tls)
    try:
        yield server
    finally:
        server.close()
