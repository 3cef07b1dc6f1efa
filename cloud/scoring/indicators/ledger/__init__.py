"""Indicators of the asset ledger and of records, one file each."""
