"""Durable store-and-forward: what was delivered is on disk until the far end has it."""
