"""The checksum of a row, by which a bit that flipped on the disk is found."""

import zlib


def checksum(*parts: object) -> int:
    """Return the CRC-32 of a row's columns, in their order."""
    return zlib.crc32("\0".join(map(str, parts)).encode(errors="backslashreplace"))
