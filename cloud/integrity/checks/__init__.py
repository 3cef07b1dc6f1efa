"""One file per check; each holds a constant `CHECK`. Pure."""
