"""Real outside parts that tests start and stop, and small stand-ins for our own seams."""
