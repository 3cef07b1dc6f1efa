"""One way to write JSON, to take a digest, to compress: the same contents are the same bytes."""

import hashlib
import json
import zlib
from typing import Any

from cloud.errors import EvidenceError


def canonical(value: Any) -> str:
    """Return a value as JSON, in the one way."""
    return json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    )


def digest(text: str) -> str:
    """Return the SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def pack(text: str) -> bytes:
    """Return a text compressed."""
    return zlib.compress(text.encode(), 6)


def unpack(content: bytes) -> str:
    """Return a text that was compressed; raises EvidenceError where it is damaged."""
    try:
        return zlib.decompress(content).decode()
    except (zlib.error, UnicodeDecodeError) as error:
        raise EvidenceError(f"the registry's database holds damaged contents: {error}") from None
