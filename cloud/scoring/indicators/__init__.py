"""One file per indicator; each holds a constant `INDICATOR`. Pure."""
