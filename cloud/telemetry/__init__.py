"""Telemetry: the store interface, its implementations, and the line protocol that fills it."""
