from pathlib import Path

from cloud.registry.codes.statistics import CODE_LISTS
from cloud.registry.importing.columns import LAYOUTS, heading
from cloud.registry.importing.spelling import folded
from cloud.registry.importing.synonyms import HEADINGS, WORDS

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


def test_every_heading_of_another_system_is_documented_and_means_one_column() -> None:
    page = (REFERENCE / "import-columns.md").read_text(encoding="utf-8")
    for layout in LAYOUTS:
        meant: dict[str, str] = {}
        for key, words in HEADINGS.get(layout.kind, {}).items():
            column = layout.column(key)
            assert f"| {layout.sheet} | {column.title} | {'、'.join(words)} |" in page
            for word in words:
                assert meant.setdefault(heading(word)[0], key) == key, word
                assert layout.headings[heading(word)[0]][0] is column, word


def test_every_word_is_documented_and_means_one_code() -> None:
    page = (REFERENCE / "code-lists.md").read_text(encoding="utf-8")
    lists = {code_list.id: code_list for code_list in CODE_LISTS}
    for list_id, by_code in WORDS.items():
        meant: dict[str, str] = {}
        for code, words in by_code.items():
            assert lists[list_id].find(code) is not None
            assert f"| {code} | {'、'.join(words)} |" in page
            for word in words:
                assert meant.setdefault(folded(word), code) == code, word
                item = lists[list_id].find(word)
                assert item is None or item.code == code, word
