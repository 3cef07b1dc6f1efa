"""The field's words: in code, documentation and messages (see docs/reference/glossary.md)."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests._parts.tree import committed, text_of

SELF = Path("tests/house/test_words.py")
CODE = ("cloud", "device_profiles", "edge", "simulators", "tests")

LOCAL_NAMES = {"one", "found", "told", "own", "asked"}
"""Names that do not say what they hold."""

IDIOM = re.compile(
    r"\b(?:sa(?:y|ys|id|ying)|tell(?:s|ing)?|told|hear(?:s|d|ing)?|stand(?:s|ing)?(?!-)|stood"
    r"|whoever|nobody|beside|far end|a word on|what hangs on|shelf|mischief|doubts?)\b",
    re.IGNORECASE,
)
"""Words of translated idiom, and private words."""

PRIVATE = {
    "said", "say", "tell", "told", "hear", "heard", "whoever", "nobody", "beside",
    "shelf", "mischief", "doubt", "doubts", "desk", "contest", "papers", "proceedings",
    "stretch", "stretches", "innocent",
}  # fmt: skip
"""Words that no identifier is made of."""

CHINESE = {
    "此刻": "当前状态",
    "未观测": "无数据",
    "观测完整度": "数据完整率",
    "账面状况": "使用状况",
    "仪器现状": "使用状况",
    "入选可能": "入选概率",
    "本簿": "本表",
    "改判": "人工调整",
    "最近报到": "最近上报",
    "一天的状态": "全天运行状态",
    "记入过程": "提交",
    "生机比": "学生与计算机之比",
    "账物": "账实管理",
    "交互式大屏": "交互智能平板",
    "上报设备": "已上报设备清单",
    "证据强度": "明显程度",
    "参考规约": "参考规范",
    "台账单据": "学校档案",
}
"""Chinese words of the pages and messages, and the word to use."""

NAMES_OF_CODE_LISTS = {
    Path("cloud/registry/codes/statistics.py"),
    Path("cloud/registry/importing/synonyms.yaml"),
    Path("docs/reference/code-lists.md"),
    Path("docs/reference/import-columns.md"),
}
"""Where a code list has the name of its standard (仪器现状), and words of other systems."""


def python_files() -> list[Path]:
    return [path for path in committed() if path.suffix == ".py" and path.parts[0] in CODE]


def checked(paths: list[Path]) -> list[Path]:
    return [path for path in paths if path != SELF]


def bound_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            if node.id in LOCAL_NAMES:
                yield node.lineno, node.id
        elif isinstance(node, ast.arg) and node.arg in {*LOCAL_NAMES, "of"}:
            yield node.lineno, node.arg


def defined_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.lineno, node.target.id


def words_of(name: str) -> list[str]:
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]


def prose(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the comments and the strings of a Python file that read as sentences."""
    for token in tokenize.generate_tokens(io.StringIO(text_of(path)).readline):
        text = token.string
        if token.type == tokenize.COMMENT or (token.type == tokenize.STRING and " " in text):
            for offset, line in enumerate(text.split("\n")):
                yield token.start[0] + offset, line


def hits(path: Path, lines: Iterator[tuple[int, str]]) -> list[str]:
    return [
        f"{path}:{number}: {match[0]}" for number, line in lines for match in IDIOM.finditer(line)
    ]


def numbered(path: Path) -> Iterator[tuple[int, str]]:
    yield from enumerate(text_of(path).split("\n"), 1)


def local_name_faults(path: Path) -> list[str]:
    tree = ast.parse(text_of(path))
    return [f"{path}:{line}: {name}" for line, name in bound_names(tree)]


def private_name_faults(path: Path) -> list[str]:
    tree = ast.parse(text_of(path))
    return [
        f"{path}:{line}: {name}"
        for line, name in defined_names(tree)
        if PRIVATE & set(words_of(name))
    ]


def is_prose(path: Path) -> bool:
    """Whether a file holds sentences for people; the API's types repeat what Python holds."""
    if path.name == "schema.d.ts":
        return False
    if path.suffix == ".md":
        return True
    return path.suffix in {".yaml", ".ts", ".vue"} and path.parts[0] in {"cloud", "simulators"}


def test_a_local_name_says_what_it_holds() -> None:
    faults = [fault for path in checked(python_files()) for fault in local_name_faults(path)]
    assert not faults


def test_no_name_is_private_language() -> None:
    faults = [fault for path in checked(python_files()) for fault in private_name_faults(path)]
    assert not faults


def test_docstrings_and_comments_are_plain_english() -> None:
    faults = [fault for path in checked(python_files()) for fault in hits(path, prose(path))]
    assert not faults


def test_documents_and_messages_are_plain_english() -> None:
    pages = checked([path for path in committed() if is_prose(path)])
    assert not [fault for path in pages for fault in hits(path, numbered(path))]


@pytest.mark.parametrize("word", CHINESE)
def test_chinese_texts_use_the_words_of_the_field(word: str) -> None:
    faults = [
        f"{path}:{number}: {word}, use {CHINESE[word]}"
        for path in checked(list(committed()))
        if path.suffix in {".py", ".yaml", ".ts", ".vue", ".md", ".typ"}
        and path not in NAMES_OF_CODE_LISTS
        for number, line in numbered(path)
        if word in line.replace(CHINESE[word], "")
    ]
    assert not faults
