"""The API as a server that other threads can stop.

Decides how connections are taken and how long the last answers may take. Must never take signals: they belong
to the command.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

LAST_SECONDS = 2  # for answers that are under way when it is stopped
BACKLOG = 512
IDLE_SECONDS = 75  # of a connection that is kept open; above those of usual proxies


class Server:
    """Answers from a thread of its own, from `start` until `stop`."""

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        """Takes the port, 0 being a free one. Raises OSError if it is taken."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family, backlog=BACKLOG)
        # Inherited by connections: else the body of an answer waits 40 ms until the client confirms its head.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.host, self.port = host, int(self._socket.getsockname()[1])
        config = uvicorn.Config(
            app, log_config=None, access_log=False, server_header=False, proxy_headers=False, lifespan="off",
            timeout_keep_alive=IDLE_SECONDS, timeout_graceful_shutdown=LAST_SECONDS, ws="none",
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ended: Callable[[], None] = lambda: None

    def start(self, ended: Callable[[], None]) -> None:
        """Answers from now on; calls `ended` when it does no more, whyever."""
        self._ended = ended
        self._thread.start()

    def stop(self) -> None:
        """Lets the last answers go and ends."""
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self._ended()
