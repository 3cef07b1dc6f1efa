"""Echo: lines over TCP."""
