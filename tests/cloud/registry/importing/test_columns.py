from pathlib import Path

from cloud.registry.codes.statistics import CODE_LISTS
from cloud.registry.importing.columns import LAYOUTS

REFERENCE = Path(__file__).parents[4] / "docs" / "reference"


def test_every_column_is_documented() -> None:
    page = (REFERENCE / "import-columns.md").read_text(encoding="utf-8")
    for layout in LAYOUTS:
        for column in layout.columns:
            assert f"| {column.title} | `{column.english}` |" in page


def test_every_code_is_documented_with_its_confidence() -> None:
    page = (REFERENCE / "code-lists.md").read_text(encoding="utf-8")
    for one in CODE_LISTS:
        assert f"(`{one.id}`)\n\nSource: {one.source}. Confidence: {one.confidence}." in page
        assert all(f"| {item.code} | {item.zh} | {item.en} |" in page for item in one.items)
