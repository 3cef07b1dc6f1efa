"""Evidence: its types and its collection from registry, roll-ups and telemetry store."""
