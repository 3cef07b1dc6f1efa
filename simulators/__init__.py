"""Simulated devices, schools and cities that speak the real protocols."""
