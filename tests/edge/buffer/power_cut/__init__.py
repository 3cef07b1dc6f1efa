"""A power cut at every write: what a disk may hold afterwards, opened with the product."""
