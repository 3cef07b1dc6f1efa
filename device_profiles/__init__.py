"""The shared vocabulary: what a device reports, and when it counts as used.

Imports nothing of ours. No input or output except in `loader` and the command line.
"""
