"""A template and its data as PDF, by Typst; the same data give the same bytes.

Data reach a template as JSON and are shown as text: nothing in them is ever read as markup.
Fonts come with the package `pylopdf-fonts-zh-cn`, never from the machine.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pylopdf_fonts_zh_cn
import typst

from cloud.reports.formatting import breakable

TEMPLATES = Path(__file__).parent / "templates"


def pdf(template: str, data: Mapping[str, Any], made_at: datetime) -> bytes:
    """Return a template's PDF; `made_at` is written into it as its time."""
    compiler = typst.Compiler(
        TEMPLATES / f"{template}.typ",
        root=TEMPLATES,
        font_paths=_fonts(),
        sys_inputs={"data": json.dumps(_shown(data), ensure_ascii=False)},
    )
    content = compiler.compile(format="pdf", timestamp=int(made_at.timestamp()))
    if not isinstance(content, bytes):
        raise TypeError(f"{template}: expected one PDF, got {type(content).__name__}")
    return content


@cache
def _fonts() -> typst.Fonts:
    folder = pylopdf_fonts_zh_cn.sans_path().parent
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[folder]
    )


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return breakable(value)
    if isinstance(value, Mapping):
        return {key: _shown(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(item) for item in value]
    return value
