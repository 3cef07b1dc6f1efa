"""Bluetooth Low Energy with no hardware: peripherals in this process, a controller over TCP."""

from simulators.virtual_radio.radio import VirtualRadio

__all__ = ["VirtualRadio"]
