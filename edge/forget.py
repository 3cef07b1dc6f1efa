"""Requests of `campus-edge forget`: a file in the data folder for each device, until it is done.

A gateway that runs is the only owner of its buffer. So the command leaves a request, which the
gateway takes up within a second, or when it starts.
"""

from collections.abc import Sequence
from pathlib import Path

_FOLDER = "forget"


class ForgetRequests:
    """The requests in one data folder."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / _FOLDER

    def add(self, device_id: str) -> None:
        """Ask for a device to be forgotten; raises OSError where the folder cannot be written."""
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / device_id).touch()

    def is_pending(self, device_id: str) -> bool:
        """Return whether a request has not been done yet."""
        return (self._folder / device_id).exists()

    def pending(self) -> Sequence[str]:
        """Return the devices to forget, sorted."""
        if not self._folder.is_dir():
            return ()
        return sorted(path.name for path in self._folder.iterdir())

    def done(self, device_ids: Sequence[str]) -> None:
        """Remove requests."""
        for device_id in device_ids:
            (self._folder / device_id).unlink(missing_ok=True)
