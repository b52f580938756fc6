"""A real server on a free port, for clients that speak through sockets."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from tests.oauth.house import House


@contextmanager
def served(house: House) -> Iterator[str]:
    """The server's address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        listener.listen(100)
        config = uvicorn.Config(house.app, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            house.site.app.close()
            server.should_exit = True
            thread.join(10)
        assert not thread.is_alive()
