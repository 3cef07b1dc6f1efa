"""The figures of a school as its PDF report and the managers' pages show them, in their words.

A figure that is not shown, or not found where it should be, is noted as None: it agrees with none.
"""

import re
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from cloud.shown import cut, percent
from tests._parts.school_figures import Figures


def note_answer(figures: Figures, page: Mapping[str, Any]) -> None:
    """Note what the answer of an assessed school is to be shown as."""
    row = page["school"]
    figures.note("score shown", answer=points(row["value"]))
    figures.note("coverage shown", answer=percent(row["coverage"]))
    if page["verdict"] and row["value"] is not None:
        figures.note("rank shown", answer=str(page["verdict"]["rank"]))
        figures.note("chance shown", answer=percent(page["verdict"]["chance"]))
    for dimension in page["dimensions"]:
        if dimension["value"] is not None:
            title = dimension["title"]["zh"]
            figures.note(f"{title} shown", answer=points(dimension["value"]))
            figures.note(f"coverage of {title} shown", answer=percent(dimension["coverage"]))
    lost = [
        finding["weight"] - (finding["points"] or 0.0)
        for finding in page["findings"]
        if finding["outcome"] != "not_applicable"
    ]
    figures.note("points lost shown", answer=sorted(points(loss) for loss in lost if loss >= 0.01))


def note_pdf(figures: Figures, content: bytes, dimensions: list[str]) -> None:
    """Note what the PDF report of a school shows."""
    with tempfile.TemporaryDirectory(prefix="report-") as folder:
        path = Path(folder) / "school.pdf"
        path.write_bytes(content)
        command = ["pdftotext", "-raw", str(path), "-"]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    figures.note("score shown", pdf=_first(r"得分（满分 100）\s+([\d.]+)", text))
    figures.note("coverage shown", pdf=_first(r"总证据覆盖率 ([\d.]+%)", text))
    if "rank shown" in figures.values:
        figures.note("rank shown", pdf=_first(r"第 ([\d,]+) 名 / [\d,]+ 所", text))
        figures.note("chance shown", pdf=_first(r"入选概率 ([\d.]+%)", text))
    for title in dimensions:
        row = re.search(
            rf"^{title} (?:低于及格线 )?\d+ ([\d.]+) (?:.* )?([\d.]+%)$", text, re.MULTILINE
        )
        figures.note(f"{title} shown", pdf=row and row.group(1))
        figures.note(f"coverage of {title} shown", pdf=row and row.group(2))


def note_pages(figures: Figures, page: Page, url: str, dimensions: list[str]) -> None:
    """Note what the page of a school in the ranking shows, and open its overview and its score."""
    page.goto(f"{url}/ranking/{figures.school}?lang=zh")
    expect(page.get_by_text("逐条结论")).to_be_visible()
    text = page.locator("body").inner_text()
    figures.note("score shown", page=_first(r"\n得分\n([\d.]+) ?/ 100", text))
    figures.note("coverage shown", page=_first(r"\n证据覆盖率\n([\d.]+%)", text))
    if "rank shown" in figures.values:
        figures.note("rank shown", page=_first(r"\n名次\n([\d,]+) ?/", text))
        figures.note("chance shown", page=_first(r"\n入选概率\n([\d.]+%)", text))
    _note_dimensions(figures, text, dimensions)
    lost = re.findall(r"^失 ([\d.]+) 分$", text, re.MULTILINE)
    figures.note("points lost shown", page=sorted(loss for loss in lost if float(loss) >= 0.01))


def _note_dimensions(figures: Figures, text: str, dimensions: list[str]) -> None:
    for title in dimensions:
        row = re.search(rf"^{title}\s?\d+\n([\d.]+)\n证据覆盖率 ([\d.]+%)$", text, re.MULTILINE)
        figures.note(f"{title} shown", page=row and row.group(1))
        figures.note(f"coverage of {title} shown", page=row and row.group(2))


def note_live_page(figures: Figures, page: Page, url: str, score: Mapping[str, Any]) -> None:
    """Note what the page of the live score shows next to what the answer gives."""
    figures.note("live score shown", answer=points(score["value"]))
    figures.note("live coverage shown", answer=percent(score["coverage"]))
    page.goto(f"{url}/score?school={figures.school}&lang=zh")
    expect(page.get_by_text("逐条结论")).to_be_visible()
    text = page.locator("body").inner_text()
    figures.note("live score shown", page=_first(r"\n得分\n([\d.]+) ?/ ?100", text))
    figures.note("live coverage shown", page=_first(r"\n证据覆盖率\n([\d.]+%)", text))


def note_overview_page(figures: Figures, page: Page, url: str, overview: Mapping[str, Any]) -> None:
    """Note what the overview's page shows next to what its answer gives."""
    for name in ("assets", "assets_connected", "assets_no_sensor", "assets_online", "assets_lost"):
        figures.note(f"{name} shown", answer=f"{overview[name]:,}")
    page.goto(f"{url}/?school={figures.school}&lang=zh")
    expect(page.get_by_text("在册资产")).to_be_visible()
    text = page.locator("body").inner_text()
    figures.note("assets shown", page=_first(r"\n在册资产\n([\d,]+)", text))
    figures.note("assets_connected shown", page=_first(r"已接入 ([\d,]+) 件", text))
    figures.note("assets_no_sensor shown", page=_first(r"未装传感器 ([\d,]+) 件", text))
    figures.note("assets_online shown", page=_first(r"\n在线设备\n([\d,]+)", text))
    figures.note("assets_lost shown", page=_first(r"失联 ([\d,]+) 件", text))


def points(value: float | None) -> str | None:
    """Return a score as it is shown everywhere; None where there is none."""
    return None if value is None else f"{cut(value):.2f}"


def _first(pattern: str, text: str) -> str | None:
    match = re.search(pattern, f"\n{text}")
    return match.group(1) if match else None
