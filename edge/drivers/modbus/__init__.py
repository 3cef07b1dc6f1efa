"""Modbus TCP and RTU: register codec, read planner and bus driver."""
