"""A real Chromium, driven by Playwright, and pages that keep what went wrong on them."""

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from tests._parts.patience import PATIENCE_MS

WIDE = ViewportSize(width=1440, height=900)
PHONE = ViewportSize(width=390, height=844)
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass
class Visit:
    """A page, the addresses that it fetched, and everything that went wrong on it."""

    page: Page
    fetched: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Yield a headless browser, or skip where none is installed."""
    program = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if program is None:
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=list(_QUIET), timeout=PATIENCE_MS
        )
        try:
            yield browser
        finally:
            browser.close()


@contextlib.contextmanager
def visiting(
    browser: Browser, viewport: ViewportSize = WIDE, zone: str = "Asia/Shanghai"
) -> Iterator[Visit]:
    """Yield a new page of its own context, with the one limit for every wait of it."""
    context = browser.new_context(viewport=viewport, timezone_id=zone)
    context.set_default_timeout(PATIENCE_MS)
    visit = Visit(context.new_page())
    page = visit.page
    page.on("requestfinished", lambda request: visit.fetched.append(request.url))
    page.on("pageerror", lambda error: visit.problems.append(str(error)))
    page.on(
        "console",
        lambda message: visit.problems.append(message.text) if message.type == "error" else None,
    )
    try:
        yield visit
    finally:
        context.close()
