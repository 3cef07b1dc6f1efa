"""Work on many schools at once, without a running cloud: load, fetch, roll up, assess."""
