"""Indicators of condition and maintenance, one file each."""
