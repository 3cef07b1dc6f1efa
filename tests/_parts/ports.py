"""Free ports on loopback."""

import errno
import itertools
import os
import socket
from collections.abc import Iterator

from tests._parts.workers import NAME

_EACH = 1_500
_FIRST = 10_240 + _EACH * int(f"0{NAME.removeprefix('gw')}")
"""Below the ports that systems give to clients, and other ones in each process of a run."""
# Two runs on one machine begin elsewhere: between finding a port and listening on it, the other run
# would find the same one.
_BEGIN = _FIRST + os.getpid() % _EACH
_ports: Iterator[int] = itertools.cycle([*range(_BEGIN, _FIRST + _EACH), *range(_FIRST, _BEGIN)])


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nothing listens on, another one each time."""
    for port in itertools.islice(_ports, _EACH):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                continue
            return port
    raise OSError(errno.EADDRINUSE, f"no free port from {_FIRST} to {_FIRST + _EACH}")
