"""Simulated devices, one module per protocol, with faults."""
