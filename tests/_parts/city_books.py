"""The books of a simulated city, by the ordinary import."""

from pathlib import Path

from cloud.bulk.folder import city_folder
from cloud.registry.importing.importer import import_file
from cloud.registry.store import Registry


def import_books(registry: Registry, city: Path) -> None:
    """Import every file, and insist that it is taken."""
    for file in city_folder(city).books:
        report = import_file(registry, file.kind, file.path.read_bytes(), file.path.name)
        assert report.applied, (file.path, report.problems)
