"""What is asked of every page of the managers' app, whatever it shows.

Each check returns what is wrong, one line each, and nothing where the page is right.
"""

import json
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

PAGES_FILE = Path(__file__).parents[2] / "cloud" / "web" / "src" / "pages.json"
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
_FOUND = """
async (tags) => {
  const { violations } = await axe.run(document, { runOnly: tags, resultTypes: ["violations"] });
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} (${failureSummary})`));
}
"""
# A text is cut where it reaches out of a box that hides or scrolls what is outside of it. What a
# box scrolls up and down is not cut, and what only a screen reader is given is not shown.
_CUT = """
() => {
  const lines = new Set();
  const root = document.documentElement;
  if (root.scrollWidth > innerWidth) lines.add(`the page is ${root.scrollWidth} px wide`);
  const isOpen = (overflow) => overflow === "visible";
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const text = node.data.trim();
    const parent = node.parentElement;
    if (!text || ["SCRIPT", "STYLE"].includes(parent.tagName)) continue;
    if (!parent.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const inner = range.getBoundingClientRect();
    if (inner.width === 0 || inner.height === 0) continue;
    for (let box = parent; box && box !== document.body; box = box.parentElement) {
      const style = getComputedStyle(box);
      const outer = box.getBoundingClientRect();
      const aside = inner.right > outer.right + 1 || inner.left < outer.left - 1;
      const below = inner.bottom > outer.bottom + 2 || inner.top < outer.top - 2;
      const hidesBelow = ["hidden", "clip"].includes(style.overflowY);
      if ((aside && !isOpen(style.overflowX)) || (below && hidesBelow)) {
        if (outer.width > 1) lines.add(`"${text.slice(0, 60)}" by ${box.tagName} ${box.className}`);
        break;
      }
      if (style.position === "fixed") break;
    }
  }
  return [...lines];
}
"""
# Boxes of figures side by side: the last row has as many as the first, or one that fills it.
_LONE = """
() => [...document.querySelectorAll(".stats")].flatMap((grid) => {
  const boxes = [...grid.children].map((child) => child.getBoundingClientRect());
  const rows = Map.groupBy(boxes, (box) => Math.round(box.top));
  const gap = parseFloat(getComputedStyle(grid).columnGap);
  const filled = [...rows.values()].map((row) =>
    Math.round(row.reduce((sum, box) => sum + box.width + gap, -gap)));
  return Math.max(...filled) - Math.min(...filled) > 2 ? [`rows of ${filled.join(", ")} px`] : [];
})
"""
# Every text of a ledger or a device becomes one long word; numbers and fixed words stay.
_LENGTHEN = """
() => {
  const fixed = ".num, .tag, .kind, .place, .el-tag, button";
  const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  const texts = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const isOfData = node.parentElement.closest("td, dd, li") && !node.parentElement.closest(fixed);
    if (isOfData && node.data.trim()) texts.push(node);
  }
  for (const node of texts) node.data = node.data.trim() + "W".repeat(120);
}
"""
# The blocks of a page in order, each with the columns of a grid of twelve that it takes: neither
# the figures nor the size of letters change it.
_OUTLINE = """
() => {
  const names = { H1: "h1", H2: "h2", H3: "h3" };
  const kinds = { card: "card", stat: "figure", chart: "chart", "el-table": "table" };
  const blocks = document.querySelectorAll(
    "h1, h2, h3, section.card, .stat, .chart, .el-table, form, input, .el-button, .el-pagination");
  const words = (element) => element?.innerText.trim().split("\\n")[0]
    .replaceAll(/[0-9][0-9.,:%-]*/g, "#") ?? "";
  const column = (x) => Math.round((x / document.documentElement.clientWidth) * 12);
  return [...blocks].flatMap((block) => {
    const box = block.getBoundingClientRect();
    if (box.width < 1 || box.height < 1) return [];
    if (names[block.tagName]) return [`${names[block.tagName]} ${words(block)}`];
    const kind = Object.keys(kinds).find((name) => block.classList.contains(name));
    const heads = [...block.querySelectorAll(kind === "stat" ? ".label" : "th")].map(words);
    const shown = ["stat", "el-table"].includes(kind) ? ` ${heads.join(" | ")}` : "";
    return [`${kinds[kind] ?? block.localName} ${column(box.left)}-${column(box.right)}${shown}`];
  });
}
"""


def addresses(values: dict[str, Any]) -> dict[str, str]:
    """Return the address of every page of the router, by its name; `values` fills its parameters.

    Raises KeyError for a page with a parameter of which nothing is known here.
    """
    pages: list[dict[str, str]] = json.loads(PAGES_FILE.read_text(encoding="utf-8"))
    return {page["name"]: _filled(page["path"], values) for page in pages}


def _filled(path: str, values: dict[str, Any]) -> str:
    parts = [part.split("(")[0] for part in path.split("/")]
    return "/".join(str(values[part[1:]]) if part.startswith(":") else part for part in parts)


def open_page(page: Page, address: str) -> None:
    """Open an address and wait until nothing loads any more."""
    page.goto(address)
    settle(page)


def settle(page: Page) -> None:
    """Wait until nothing loads, moves or fades any more."""
    expect(page.locator("h1, .el-result, .note").first).to_be_visible()
    expect(page.locator(".el-skeleton, .el-loading-mask")).to_have_count(0)
    page.evaluate("document.fonts.ready.then(() => true)")
    page.evaluate(
        "Promise.allSettled(document.getAnimations()"
        ".filter((it) => it.effect.getComputedTiming().iterations !== Infinity)"
        ".map((it) => it.finished)).then(() => true)"
    )
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def resize(page: Page, width: int, height: int = 900) -> None:
    """Give the page another width and wait until nothing moves."""
    page.set_viewport_size({"width": width, "height": height})
    settle(page)


def not_accessible(page: Page) -> list[str]:
    """Return what axe finds against WCAG 2.2, levels A and AA; skips where axe is not installed."""
    try:
        axe = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
    except ModuleNotFoundError:
        pytest.skip("axe-playwright-python is not installed")
    page.evaluate(axe)
    faults: list[str] = page.evaluate(_FOUND, _RULES)
    return faults


def cut_texts(page: Page) -> list[str]:
    """Return the texts of which a reader sees only a part, and a page that scrolls sideways."""
    faults: list[str] = page.evaluate(_CUT)
    return faults


def lone_boxes(page: Page) -> list[str]:
    """Return the grids of figures whose last row is not full."""
    faults: list[str] = page.evaluate(_LONE)
    return faults


def lengthen_texts(page: Page) -> None:
    """Make every text that comes from data one word of more than a hundred letters."""
    page.evaluate(_LENGTHEN)


def outline(page: Page) -> list[str]:
    """Return what the page consists of, a line a block, in order: its kind, columns and head."""
    lines: list[str] = page.evaluate(_OUTLINE)
    return lines
