"""Audit of a simulation run: what devices reported against what the cloud stored."""
