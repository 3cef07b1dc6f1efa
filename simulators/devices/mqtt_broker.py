"""An MQTT broker for a demo: amqtt in this process, or mosquitto where it is asked for.

amqtt speaks MQTT 3.1.1 only and keeps no queue for clients that are away: fine for a show, not for
a test of what a gateway that was down still gets. mosquitto does both.
"""

import asyncio
import contextlib
import logging
import os
import shutil
import warnings
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from simulators.errors import SimulatorError

Kind = Literal["amqtt", "mosquitto"]
_PLACES = ("/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/opt/homebrew/sbin/mosquitto")
_START_S = 10.0
_CONNECT = 1
_NAME = b"\x00\x04MQTT"
_LEVEL_311 = 4
_REFUSED = b"\x20\x02\x00\x01"
"""CONNACK: unacceptable protocol version."""


def find_mosquitto() -> str | None:
    """Return the program's path; Debian keeps it outside a user's PATH."""
    path = shutil.which("mosquitto")
    return path or next((place for place in _PLACES if os.access(place, os.X_OK)), None)


class Broker:
    """A broker at `host:port` for anybody, for as long as the `async with` lasts.

    `folder` is where mosquitto keeps its configuration, log and queues.
    """

    def __init__(
        self,
        port: int,
        *,
        host: str = "127.0.0.1",
        kind: Kind = "amqtt",
        folder: Path | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self.kind = kind
        self._folder = folder
        self._amqtt: Any = None
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Accept connections; raises SimulatorError where that cannot be."""
        if self.kind == "amqtt":
            await self._start_amqtt()
        else:
            await self._start_mosquitto()

    async def stop(self) -> None:
        """Close every connection and stop."""
        if self._amqtt is not None:
            broker, self._amqtt = self._amqtt, None
            await broker.shutdown()
        if self._process is not None:
            process, self._process = self._process, None
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.wait()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def _start_amqtt(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it and its dependencies use what is deprecated
            from amqtt.broker import (  # type: ignore[import-untyped]  # noqa: PLC0415 - slow, untyped
                Broker as Amqtt,
            )
            from amqtt.errors import (  # type: ignore[import-untyped]  # noqa: PLC0415 - as above
                AMQTTError,
                BrokerError,
            )
        for name in ("amqtt", "transitions"):
            logging.getLogger(name).setLevel(logging.CRITICAL)

        class Broker311(Amqtt):  # type: ignore[misc]  # it has no types
            """Refuses other versions at once; amqtt takes MQTT 5's properties for a length."""

            async def _initialize_client_session(
                self, reader: Any, writer: Any, *address: Any
            ) -> Any:
                first = _Replayed(reader)
                if not await first.is_311():
                    writer.write(_REFUSED)
                    # amqtt's own close fails, and closes nothing, where the other side has gone.
                    writer._writer.close()  # noqa: SLF001
                    raise AMQTTError("not MQTT 3.1.1")
                return await super()._initialize_client_session(first, writer, *address)

        broker = Broker311(
            {
                "listeners": {"default": {"type": "tcp", "bind": f"{self.host}:{self.port}"}},
                "plugins": {
                    "amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}
                },
            }
        )
        try:
            await broker.start()
        except (BrokerError, OSError) as error:
            raise SimulatorError(
                f"the broker cannot listen at {self.host}:{self.port}: {error}"
            ) from error
        self._amqtt = broker

    async def _start_mosquitto(self) -> None:
        program = find_mosquitto()
        if program is None:
            raise SimulatorError("mosquitto is not installed; install it, or use amqtt")
        if self._folder is None:
            raise SimulatorError("mosquitto needs a folder for its configuration and queues")
        self._folder.mkdir(parents=True, exist_ok=True)
        log = self._folder / "mosquitto.log"
        configuration = self._folder / "mosquitto.conf"
        configuration.write_text(_configuration(self.host, self.port, self._folder, log))
        self._process = await asyncio.create_subprocess_exec(
            program,
            "-c",
            str(configuration),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for us; we stop it last
        )
        try:
            async with asyncio.timeout(_START_S):
                while not await self._is_listening():
                    if self._process.returncode is not None:
                        raise SimulatorError(f"mosquitto did not start; see {log}")
                    await asyncio.sleep(0.02)
        except TimeoutError:
            await self.stop()
            raise SimulatorError(f"mosquitto did not listen in time; see {log}") from None

    async def _is_listening(self) -> bool:
        try:
            _, writer = await asyncio.open_connection(self.host, self.port)
        except OSError:
            return False
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        return True


class _Replayed:
    """A reader of amqtt that gives what was looked at once more."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader
        self._seen = b""

    async def is_311(self) -> bool:
        """Whether the first packet is a CONNECT of MQTT 3.1.1; other packets are left to amqtt."""
        try:
            while len(self._seen) < 2 or self._seen[-1] & 0x80:  # type and remaining length
                self._seen += await self._reader.read(1)
            if self._seen[0] >> 4 != _CONNECT:
                return True
            start = len(self._seen)
            while len(self._seen) < start + len(_NAME) + 1:
                self._seen += await self._reader.read(1)
        except asyncio.IncompleteReadError:  # closed, as by a port scan
            return False
        name, level = self._seen[start : start + len(_NAME)], self._seen[start + len(_NAME)]
        return name != _NAME or level == _LEVEL_311

    async def read(self, n: int = -1) -> bytes:
        """Return n bytes, or what is there."""
        if not self._seen:
            return bytes(await self._reader.read(n))
        data, self._seen = self._seen[:n], self._seen[n:]
        return data if len(data) == n else data + bytes(await self._reader.read(n - len(data)))

    def feed_eof(self) -> None:
        """Mark the end."""
        self._reader.feed_eof()


def _configuration(host: str, port: int, folder: Path, log: Path) -> str:
    lines = [
        f"listener {port} {host}",
        "allow_anonymous true",
        "max_queued_messages 0",
        "max_inflight_messages 0",
        "persistence true",
        f"persistence_location {folder}/",
        f"log_dest file {log}",
    ]
    if os.geteuid() == 0:
        lines.append("user root")  # else it drops to a user who cannot write the folder
    return "\n".join([*lines, ""])
