"""Reports that people read: pure functions from plain shapes to the bytes of a file."""
