"""A real mosquitto on a free loopback port, with stop, kill and restart."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Self

import pytest

from tests._parts.ports import free_port

_PLACES = ("/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/opt/homebrew/sbin/mosquitto")


def find_mosquitto() -> str | None:
    """Return the path of the broker, which Debian keeps in /usr/sbin, outside a user's PATH."""
    in_path = shutil.which("mosquitto")
    return in_path or next((place for place in _PLACES if os.access(place, os.X_OK)), None)


class Mosquitto:
    """One broker process; its port and its folder stay the same over restarts.

    With `persistence` sessions and queues survive `stop` and `start` (and a `kill` since the last
    save, which is forced by SIGUSR1 in `save`). With `users` a password is needed.
    """

    def __init__(
        self,
        folder: Path,
        *,
        persistence: bool = False,
        users: dict[str, str] | None = None,
        lines: tuple[str, ...] = (),
    ) -> None:
        program = find_mosquitto()
        if program is None:
            pytest.skip("mosquitto is not installed")
        self.program = program
        self.host = "127.0.0.1"
        self.port = free_port()
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self._configuration = folder / "mosquitto.conf"
        self._configuration.write_text(
            "\n".join([*self._settings(persistence=persistence, users=users), *lines, ""])
        )

    def _settings(self, *, persistence: bool, users: dict[str, str] | None) -> list[str]:
        settings = [
            f"listener {self.port} 127.0.0.1",
            f"allow_anonymous {'false' if users else 'true'}",
            "max_queued_messages 0",
            "max_inflight_messages 0",
            f"persistence {'true' if persistence else 'false'}",
            f"persistence_location {self.folder}/",
            f"log_dest file {self.folder / 'mosquitto.log'}",
        ]
        if os.geteuid() == 0:
            settings.append("user root")  # else it drops to a user who cannot write the folder
        if users:
            passwords = self.folder / "passwords"
            for number, (user, password) in enumerate(users.items()):
                create = ["-c"] if number == 0 else []
                subprocess.run(
                    ["mosquitto_passwd", "-b", *create, str(passwords), user, password],
                    check=True,
                    capture_output=True,
                )
            settings.append(f"password_file {passwords}")
        return settings

    @property
    def pid(self) -> int:
        """The process id of the running broker."""
        if self._process is None:
            raise RuntimeError("mosquitto is not running")
        return self._process.pid

    async def start(self) -> None:
        """Start the broker and return once it accepts connections."""
        with (self.folder / "stderr.log").open("ab") as errors:
            self._process = subprocess.Popen(  # noqa: ASYNC220  # returns at once
                [self.program, "-c", str(self._configuration)],
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
            )
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection(self.host, self.port)
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
                return
            if self._process.poll() is not None:
                output = (self.folder / "stderr.log").read_text() + self.log
                raise RuntimeError(f"mosquitto did not start: {output}")
            await asyncio.sleep(0.02)

    async def stop(self) -> None:
        """Stop the broker in order; it saves its sessions if it has persistence."""
        await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """Kill the broker as a power cut would."""
        await self._end(signal.SIGKILL)

    async def restart(self) -> None:
        """Stop and start again on the same port."""
        await self.stop()
        await self.start()

    def freeze(self) -> None:
        """Keep every socket open and answer nothing, until `thaw`."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on after `freeze`."""
        os.kill(self.pid, signal.SIGCONT)

    def save(self) -> None:
        """Ask the broker to write its sessions to disk now."""
        os.kill(self.pid, signal.SIGUSR1)

    @property
    def log(self) -> str:
        """What the broker has logged so far."""
        file = self.folder / "mosquitto.log"
        return file.read_text() if file.exists() else ""

    async def _end(self, signal_number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal_number)
                process.send_signal(signal.SIGCONT)  # a frozen one could not end
            await asyncio.to_thread(process.wait)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.kill()
