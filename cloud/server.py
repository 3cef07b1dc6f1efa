"""uvicorn, stopped within seconds even while streams are open; it reports when it is ready."""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Generator
from types import FrameType

import uvicorn
from fastapi import FastAPI

from cloud.app import create_app
from cloud.errors import SettingsError
from cloud.messages import message
from cloud.settings import Settings

_STOP_S = 3


async def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM; raises a CloudError where it cannot start."""
    app = create_app(settings)
    listening = _listen(settings.host, settings.port)
    with contextlib.closing(listening):
        async with app.router.lifespan_context(app):
            config = uvicorn.Config(
                app, lifespan="off", log_config=None, timeout_graceful_shutdown=_STOP_S
            )
            await _Server(config, app, _address(listening)).serve(sockets=[listening])


class _Server(uvicorn.Server):
    """Ends open streams before it waits for open connections."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, address: str) -> None:
        super().__init__(config)
        self._app = app
        self._address = address

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(f"Smart Campus is at {self._address}", flush=True)  # noqa: T201  `serve` reports it

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Take the signals ourselves: uvicorn would raise them again before the store is closed."""
        loop = asyncio.get_running_loop()
        taken = (signal.SIGINT, signal.SIGTERM)
        for number in taken:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in taken:
                loop.remove_signal_handler(number)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self._app.state.services.live.close()


def configure_logging(level: str) -> None:
    """Write the log to standard error, one line an event; requests only when asked for."""
    logging.basicConfig(
        level=level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    if level.upper() != "DEBUG":
        logging.getLogger("uvicorn.access").setLevel(logging.WARNING)
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
        logging.getLogger("alembic").setLevel(logging.WARNING)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        reason = error.strerror or error
        raise SettingsError(
            message("error.cannot_listen", host=host, port=port, reason=reason)
        ) from None


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
