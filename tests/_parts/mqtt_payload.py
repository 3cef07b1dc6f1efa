"""An example's payload as it goes over the wire: text as it is, anything else as JSON."""

import json
from typing import Any


def sent_as(payload: Any) -> bytes:
    """Return the bytes of an example's payload."""
    text = payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)
    return text.encode()
