"""A registry with records of format 1: an assessment with findings, and four selections."""

import json
import sqlite3
from pathlib import Path
from typing import Any

SAVED = Path(__file__).parent.parent / "cloud" / "assessments" / "format1"


def registry_url(folder: Path) -> str:
    """Return the address of the registry, restored into a folder and opened nowhere yet."""
    path = folder / "registry.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript((SAVED / "registry.sql").read_text(encoding="utf-8"))
    connection.close()
    return f"sqlite:///{path}"


def as_shown() -> dict[str, Any]:
    """Return what was shown of the records when they were filed: ids, digests and sentences."""
    shown: dict[str, Any] = json.loads((SAVED / "as_shown.json").read_text(encoding="utf-8"))
    return shown
