"""How a point is addressed in each protocol: one small model each."""
