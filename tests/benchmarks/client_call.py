"""A client call to the same call by a bare keep-alive ``requests.Session``, in turns, against a server next door."""

from __future__ import annotations

import multiprocessing
import os
import statistics
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ANSWER = b'{"requestId": "r1", "number": "+12015550123", "method": "sms", "verifiedAt": 1700000000000}'
ROUNDS = int(os.environ.get("BENCHMARK_ROUNDS", "2000"))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(ANSWER)}\r\n\r\n"
        self.wfile.write(head.encode() + ANSWER)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def serve(port: Any) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    port.send(server.server_port)
    server.serve_forever()


def main() -> None:
    import requests
    from django.conf import settings

    settings.configure()
    from django_lanck.client import LanckClient, Options

    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=[theirs], daemon=True)
    server.start()
    url = f"http://127.0.0.1:{ours.recv()}/v1"
    options = Options(
        base_url=url,
        access_token="id:secret",
        connect_timeout=5,
        read_timeout=10,
        total_timeout=15,
        rate_limit_wait=3,
        proxies=(),
        ca_file="",
        max_answer_bytes=1_048_576,
        breaker_failures=5,
    )
    client = LanckClient(options)
    bare = requests.Session()
    bare.auth = ("id", "secret")
    form = {"requestId": "r1", "code": "123456"}
    calls = {
        "client": lambda: client.verify_check(request_id="r1", code="123456"),
        "bare": lambda: bare.post(f"{url}/verify/check", data=form, timeout=(5, 10)).json(),
    }
    times: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(ROUNDS + 50):
        for name, call in calls.items():
            begun = time.perf_counter()
            call()
            if number >= 50:
                times[name].append(time.perf_counter() - begun)
    medians = {name: statistics.median(values) for name, values in times.items()}
    print(
        f"client call to bare session: {medians['client'] / medians['bare']:.2f}   "
        f"({medians['client'] * 1000:.2f} ms to {medians['bare'] * 1000:.2f} ms)"
    )
    server.terminate()


if __name__ == "__main__":
    main()
