"""Another system that hears of what happens here: a real web server, which answers as it is told."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Receiver:
    """What it heard, oldest first, and how it answers."""

    url: str = ""
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"thank you"
    trickle: float = 0.0  # seconds between two bytes of its headers
    hold: threading.Event | None = None  # until this is set, nothing is answered
    at_once: int = 0
    most_at_once: int = 0

    @property
    def bodies(self) -> list[str]:
        """The bodies as text."""
        return [body.decode() for _, body in self.heard]


@contextmanager
def receiving(host: str = "127.0.0.1", port: int = 0, context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver that runs; over TLS with a `context`."""
    told = Receiver()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with lock:
                told.heard.append((dict(self.headers.items()), body))
                told.at_once += 1
                told.most_at_once = max(told.most_at_once, told.at_once)
            if told.hold:
                told.hold.wait(30)
            with lock:
                told.at_once -= 1
            if told.trickle:
                return self._trickle()
            self.send_response(told.status)
            for name, value in {**told.headers, "Content-Length": str(len(told.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(told.body)

        def _trickle(self) -> None:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while True:  # until the other side has had enough of it
                self.wfile.write(b"a")
                self.wfile.flush()
                time.sleep(told.trickle)

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            pass  # whoever was cut off

    server = Server((host, port), Handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    told.url = f"{'https' if context else 'http'}://{host}:{server.server_port}/hooks"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
