"""Telemetry in this process's memory, in plain Python: short and slow, and lost when it ends."""

from cloud.telemetry.memory.store import MemoryStore

__all__ = ["MemoryStore"]
