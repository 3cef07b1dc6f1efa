"""Device drivers, one folder per protocol: a pure codec and a driver that owns the library."""
