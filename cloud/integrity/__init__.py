"""Integrity checks: contradictions in a school's evidence, as questions with their evidence.

- `inputs` are the tables that checks read, `thresholds` when a figure is odd enough to ask
- `check` defines a check; `checks/` holds one file per check
- `results` runs them over all schools and files the findings
- `agreement` compares declared figures with measured ones
- `collect` reads the tables from the registry and the telemetry store
"""
