"""Every problem of an import has its sentence in Chinese, with the same values as in English."""

import ast
import re
from collections.abc import Iterator

import pytest

from cloud.errors import RefusedValue, Unprocessable
from cloud.messages import render
from cloud.registry.codes import statistics
from cloud.registry.importing import amounts
from cloud.registry.importing.importer import import_file
from cloud.registry.importing.spreadsheet import read
from cloud.registry.store import Registry
from tests._parts.tree import ROOT
from tests.cloud.registry.importing.test_importer import SHEETS, WRONG, xlsx
from tests.cloud.registry.importing.test_records import WRONG as WRONG_RECORDS

IMPORT_CODE = (ROOT / "cloud" / "registry" / "importing", ROOT / "cloud" / "registry" / "codes")
ENGLISH_WORD = re.compile(r"(?<![\w/.-])[a-z]{3,}(?![\w/.-])")
"""A word of an English sentence; not a part of a code, a file name or an address."""

FILES: dict[str, tuple[bytes, str]] = {
    "旧版.xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "旧版 Excel"),
    "假的.xlsx": (b"a,b", "内容却不是"),
    "乱码.csv": (b"\xff\x00\xfe\x81", "编码"),
    "断的.xlsx": (b"PK\x03\x04 cut off", "损坏或不完整"),
}


@pytest.fixture
def filled() -> Iterator[Registry]:
    opened = Registry.open("sqlite://")
    assert import_file(opened, "workbook", xlsx(SHEETS), "ledger.xlsx").applied
    yield opened
    opened.close()


@pytest.mark.parametrize("case", [*WRONG.values(), *WRONG_RECORDS.values()])
def test_a_problem_is_a_chinese_sentence(
    filled: Registry, case: tuple[str, str, list[str]]
) -> None:
    kind, content, _ = case
    report = import_file(filled, kind, content.encode(), "file.csv")
    assert report.problems
    for problem in report.problems:
        chinese = render(problem.text, "zh")
        of_the_file = set(ENGLISH_WORD.findall(content + " ".join(_codes())))
        assert re.search(r"[\u4e00-\u9fff]", chinese), chinese
        assert set(ENGLISH_WORD.findall(chinese)) <= of_the_file, chinese


def _codes() -> Iterator[str]:
    for code_list in statistics.CODE_LISTS:
        for item in code_list.items:
            yield item.code


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_cannot_be_read_is_refused_in_chinese(name: str) -> None:
    content, expected = FILES[name]
    with pytest.raises(Unprocessable) as refused:
        read(content, name)
    assert refused.value.text is not None
    assert render(refused.value.text, "zh").startswith(f"{name}：")
    assert expected in render(refused.value.text, "zh")


def test_a_cell_is_refused_with_what_it_holds_and_what_is_expected() -> None:
    with pytest.raises(RefusedValue) as refused:
        amounts.number("很多")
    assert render(refused.value.text, "zh") == "填的是“很多”，应为数字，如 1234.50"
    assert str(refused.value) == 'got "很多", expected a number such as 1234.50'


def test_nothing_in_the_code_of_the_import_is_refused_with_a_bare_sentence() -> None:
    """A sentence in the code has one language; a message has every language."""
    bare = []
    for folder in IMPORT_CODE:
        for path in sorted(folder.rglob("*.py")):
            bare += [
                f"{path.relative_to(ROOT)}:{node.lineno}"
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                if isinstance(node, ast.Call) and _refuses(node) and _is_sentence(node.args)
            ]
    assert not bare


def _refuses(call: ast.Call) -> bool:
    function = ast.unparse(call.func)
    return function.endswith(
        ("refuse", "problems.add", "ValueError", "Unprocessable", "RefusedValue")
    )


def _is_sentence(arguments: list[ast.expr]) -> bool:
    """Whether the last argument, the text of the refusal, is written in the code."""
    text = arguments[-1] if arguments else None
    return isinstance(text, ast.JoinedStr) or (
        isinstance(text, ast.Constant) and isinstance(text.value, str) and " " in text.value
    )
