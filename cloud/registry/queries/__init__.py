"""Read-only queries over the registry for roll-ups, scoring and record pages."""
