"""The scoring engine: evidence tables in, findings and scores out. Pure."""
