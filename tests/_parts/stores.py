"""Every telemetry store under contract: one line each."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cloud.clock import Clock
from cloud.telemetry.duckdb import DuckDBStore
from cloud.telemetry.memory import MemoryStore
from cloud.telemetry.store import TelemetryStore


@dataclass(frozen=True, slots=True)
class StoreKind:
    """How a store is opened on a folder, and whether it keeps anything there."""

    open: Callable[[Path, Clock], TelemetryStore]
    is_durable: bool


def _duckdb(folder: Path, clock: Clock) -> TelemetryStore:
    return DuckDBStore(folder / "telemetry.duckdb", clock=clock, memory_mb=128, threads=1)


STORES = {
    "duckdb": StoreKind(_duckdb, is_durable=True),
    "memory": StoreKind(lambda _, clock: MemoryStore(clock=clock), is_durable=False),
}
DURABLE = [name for name, kind in STORES.items() if kind.is_durable]
