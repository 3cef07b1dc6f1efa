"""A simulated school: plan, timetable, ledger, records and its devices as a running process."""
