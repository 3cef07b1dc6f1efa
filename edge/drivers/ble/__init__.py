"""Bluetooth Low Energy: BTHome v2 advertisements, and GATT services."""
