"""Indicators of connectivity and of the learning environment, one file each."""
