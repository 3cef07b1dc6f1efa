"""Indicators of use, one file each."""
