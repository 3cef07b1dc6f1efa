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
    for code_list in CODE_LISTS:
        assert (
            f"(`{code_list.id}`)\n\nSource: {code_list.source}. Confidence: {code_list.confidence}."
            in page
        )
        assert all(f"| {item.code} | {item.zh} | {item.en} |" in page for item in code_list.items)
