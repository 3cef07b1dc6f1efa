"""How long a test waits for what has to come: one limit, generous, so that none is a speed test.

It ends a test that would hang. It is never what a test shows: where a limit of the product is
tested (a device that is silent, a server that does not answer), the product's own limit is set.
"""

from typing import Final

PATIENCE_S: Final = 120.0
PATIENCE_MS: Final = 1000 * PATIENCE_S
