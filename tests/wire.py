"""TCP between a client and a real server: it passes everything on, until it is told what to do instead."""

from __future__ import annotations

import contextlib
import socket
import threading

from tests.client.scripted import Step

LONGEST_HOLD = 60.0


class Wire:
    """A port in front of a server.

    ``answers`` are steps that a client meets instead of the next answers: the server has done its work by then, and
    the connection is closed after the step. Answers can be held back, and the wire can be cut and mended.
    """

    def __init__(self, host: str, port: int) -> None:
        self.answers: list[Step] = []
        self.held = 0
        self.port = 0
        self._server = host, port
        self._passing = threading.Event()
        self._passing.set()
        self._lock = threading.Lock()
        self._ends: list[socket.socket] = []
        self.mend()

    def hold(self) -> None:
        """Keep every answer from now on; ``held`` is how many of them wait."""
        self._passing.clear()

    def let_go(self) -> None:
        self._passing.set()

    def cut(self) -> None:
        """Break what is open and refuse what comes."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # or the thread in accept() would keep the port open
        self._listener.close()
        self._thread.join()
        with self._lock:
            ends, self._ends = self._ends, []
        for end in ends:
            _shut(end)

    def mend(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, args=[self._listener], daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.let_go()
        self.cut()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError), socket.create_connection(self._server) as server:
            with self._lock:
                self._ends += [client, server]
            questions = threading.Thread(target=_pass_on, args=[client, server], daemon=True)
            questions.start()
            step = self._pass_answers_on(server, client)
            _shut(client, socket.SHUT_RD)
            questions.join()  # a step that closes the connection could not, while somebody reads from it
            if step:
                step(client)
            _shut(client)

    def _pass_answers_on(self, server: socket.socket, client: socket.socket) -> Step | None:
        """Until there is a step to be taken instead of an answer, or nothing more to come."""
        while data := server.recv(65536):
            with self._lock:
                self.held += 1
                step = self.answers.pop(0) if self.answers else None
            self._passing.wait(LONGEST_HOLD)
            with self._lock:
                self.held -= 1
            if step:
                return step
            with contextlib.suppress(OSError):  # a client that waits no more
                client.sendall(data)
        return None


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    _shut(target)


def _shut(end: socket.socket, how: int = socket.SHUT_RDWR) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(how)
