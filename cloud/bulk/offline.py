"""The store and the registry of a data folder, for a command that works without a running cloud."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cloud.clock import Clock
from cloud.errors import SettingsError
from cloud.messages import message
from cloud.registry.store import Registry
from cloud.settings import Settings, load
from cloud.telemetry.duckdb import DuckDBStore


def settings_of(data: Path | None) -> Settings:
    """Return the settings as `campus-cloud serve` would have them; None is its own folder."""
    return load({"data": data})


@contextmanager
def registry_of(data: Path | None) -> Iterator[Registry]:
    """Open the registry alone, which several processes may; for the length of a block.

    Raises SettingsError where there is none.
    """
    settings = settings_of(data)
    if settings.database_url is None and not (settings.data / "registry.sqlite").exists():
        raise SettingsError(message("error.no_registry", path=settings.data))
    registry = Registry.open(settings.registry_url)
    try:
        yield registry
    finally:
        registry.close()


def open_offline(
    data: Path | None,
    *,
    make: bool = False,
    memory_mb: int | None = None,
    clock: Clock | None = None,
) -> tuple[DuckDBStore, Registry]:
    """Return the store and the registry of a folder, both for this process alone.

    Close both. Raises SettingsError where there is no such folder (unless it is to be made) or the
    settings keep telemetry in memory, and StoreLocked where a running cloud holds the telemetry.
    """
    settings = settings_of(data)
    if settings.telemetry != "duckdb":
        raise SettingsError(
            f"telemetry is kept in {settings.telemetry} here, and only while the cloud runs; "
            "unset CAMPUS_CLOUD_TELEMETRY"
        )
    if not make and not settings.telemetry_path.exists():
        raise SettingsError(message("error.no_telemetry", path=settings.data))
    try:
        settings.data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror
        raise SettingsError(
            message("error.cannot_make_folder", path=settings.data, reason=reason)
        ) from None
    store = DuckDBStore(
        settings.telemetry_path,
        clock=clock,
        memory_mb=max(memory_mb or 0, settings.duckdb_memory_mb),
        threads=settings.duckdb_threads,
        max_waiting_values=settings.max_waiting_values,
    )
    try:
        registry = Registry.open(settings.registry_url)
    except BaseException:
        store.close()
        raise
    return store, registry


@contextmanager
def offline(
    data: Path | None,
    *,
    make: bool = False,
    memory_mb: int | None = None,
    clock: Clock | None = None,
) -> Iterator[tuple[DuckDBStore, Registry]]:
    """Open the store and the registry of a folder for the length of a block."""
    store, registry = open_offline(data, make=make, memory_mb=memory_mb, clock=clock)
    try:
        yield store, registry
    finally:
        registry.close()
        store.close()
