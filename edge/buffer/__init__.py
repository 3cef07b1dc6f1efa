"""Durable store-and-forward: what was delivered is on disk until the server has it."""
