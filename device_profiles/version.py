"""The version of the installed distribution."""

from importlib import metadata

DISTRIBUTION = "smart-campus"


def version() -> str:
    """Return the version of the installed distribution, "unknown" in a bare checkout."""
    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return "unknown"
