"""The HTTP interface: one router per noun; `models` holds every shape that goes over the wire."""
