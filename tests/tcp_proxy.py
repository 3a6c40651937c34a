"""A TCP proxy between a client and a real server that can delay or replace answers and drop connections."""

from __future__ import annotations

import contextlib
import socket
import threading

from tests.client.scripted import Step

LONGEST_HOLD = 60.0


class TcpProxy:
    """A local port that forwards to a server.

    ``next_answers`` are steps that replace the server's next answers, one each: the server has done its work, the
    client gets the step instead and then a closed connection. ``held_answers`` counts the answers that are held back.
    """

    def __init__(self, host: str, port: int) -> None:
        self.next_answers: list[Step] = []
        self.held_answers = 0
        self.port = 0
        self._server = host, port
        self._forwarding = threading.Event()
        self._forwarding.set()
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self.reconnect()

    def hold_answers(self) -> None:
        """Hold back every answer until ``release_answers``."""
        self._forwarding.clear()

    def release_answers(self) -> None:
        self._forwarding.set()

    def disconnect(self) -> None:
        """Close the open connections and refuse new ones."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # or the thread in accept() would keep the port open
        self._listener.close()
        self._thread.join()
        with self._lock:
            sockets, self._sockets = self._sockets, []
        for each in sockets:
            _shut_down(each)

    def reconnect(self) -> None:
        """Accept connections, on the same port as before."""
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, args=[self._listener], daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.release_answers()
        self.disconnect()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError), socket.create_connection(self._server) as server:
            with self._lock:
                self._sockets += [client, server]
            requests = threading.Thread(target=_forward, args=[client, server], daemon=True)
            requests.start()
            step = self._forward_answers(server, client)
            _shut_down(client, socket.SHUT_RD)
            requests.join()  # a step cannot reset the connection while another thread reads from it
            if step:
                step(client)
            _shut_down(client)

    def _forward_answers(self, server: socket.socket, client: socket.socket) -> Step | None:
        """Forward answers until the server closes, or return the step that replaces one of them."""
        while data := server.recv(65536):
            with self._lock:
                self.held_answers += 1
                step = self.next_answers.pop(0) if self.next_answers else None
            self._forwarding.wait(LONGEST_HOLD)
            with self._lock:
                self.held_answers -= 1
            if step:
                return step
            with contextlib.suppress(OSError):  # the client may have timed out
                client.sendall(data)
        return None


def _forward(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    _shut_down(target)


def _shut_down(end: socket.socket, how: int = socket.SHUT_RDWR) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(how)
