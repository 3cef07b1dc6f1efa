"""Take the pictures of README and docs/zh anew, in a real browser.

    make pictures

Runs the demo school (`campus-sim demo`) and a city of twenty schools, opens their pages in Chromium
and writes docs/images/*.png in 256 colours. Fails where a picture is too large to be kept.
"""

import base64
import contextlib
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests._parts.browser import chromium, visiting
from tests._parts.page_checks import open_page, settle
from tests._parts.patience import PATIENCE_MS
from tests._parts.ports import free_port
from tests._parts.web_city import City, make_city
from tests._parts.write_servers import SCHOOL, CloudServer, running

IMAGES = Path(__file__).parents[1] / "docs" / "images"
SIZE = ViewportSize(width=1280, height=800)
MOST_BYTES = 150_000
WAIT_S = 600
# The 256 commonest colours of a picture, and of each point the nearest of them.
_IN_COLOURS = """
async (png) => {
  const bytes = Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes]));
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
  canvas.drawImage(bitmap, 0, 0);
  const { data } = canvas.getImageData(0, 0, bitmap.width, bitmap.height);
  const points = Array.from({ length: data.length / 4 }, (_, at) =>
    (data[4 * at] << 16) | (data[4 * at + 1] << 8) | data[4 * at + 2]);
  const counts = new Map();
  for (const colour of points) counts.set(colour, (counts.get(colour) ?? 0) + 1);
  const ordered = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  const commonest = ordered.map(([colour]) => colour);
  const palette = commonest.slice(0, 256);
  const parts = (colour) => [colour >> 16, (colour >> 8) & 255, colour & 255];
  const apart = (a, b) => parts(a).reduce((sum, x, at) => sum + (x - parts(b)[at]) ** 2, 0);
  const nearest = new Map(commonest.map((colour) => [colour, palette.reduce((best, _, at) =>
    apart(palette[at], colour) < apart(palette[best], colour) ? at : best, 0)]));
  return {
    width: bitmap.width,
    height: bitmap.height,
    palette: palette.flatMap(parts),
    points: btoa(points.map((colour) => String.fromCharCode(nearest.get(colour))).join("")),
  };
}
"""


def main() -> int:
    """Take every picture; 1 where one is too large."""
    expect.set_options(timeout=PATIENCE_MS)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        with _demo(Path(folder) / "demo") as url:
            _of_the_school(browser, url)
        data = Path(folder) / "city"
        data.mkdir()
        make_city(data)
        server = CloudServer(data)
        with running(server):
            _of_the_city(browser, City(server, data))
    sizes = {path.name: path.stat().st_size for path in sorted(IMAGES.glob("*.png"))}
    for name, size in sizes.items():
        print(f"{name}: {size:,} bytes{' - too large' if size > MOST_BYTES else ''}")
    return int(max(sizes.values()) > MOST_BYTES)


@contextlib.contextmanager
def _demo(folder: Path) -> Iterator[str]:
    """Run the demo and yield its address once nearly all of its devices are online."""
    url = f"http://127.0.0.1:{free_port()}"
    command = [str(Path(sys.executable).with_name("campus-sim")), "demo", "--data", str(folder)]
    demo = subprocess.Popen([*command, "--port", url.rpartition(":")[2]], stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + WAIT_S
        while not _is_online(url):
            assert demo.poll() is None, "the demo ended"
            assert time.monotonic() < deadline, "the devices of the demo are not online"
            time.sleep(2)
        yield url
    finally:
        demo.terminate()
        demo.wait()


def _is_online(url: str) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        answer = httpx.get(f"{url}/api/v1/schools/{SCHOOL}/overview").raise_for_status().json()
        has_past = any(day["use"]["lessons_observed"] for day in answer["by_day"])
        return has_past and 0 < 0.9 * answer["assets_connected"] <= answer["assets_online"]
    return False


def _take(page: Page, name: str) -> None:
    settle(page)
    picture = base64.b64encode(page.screenshot()).decode()
    blank = page.context.new_page()
    coloured: dict[str, Any] = blank.evaluate(_IN_COLOURS, picture)
    blank.close()
    width, height = coloured["width"], coloured["height"]
    points = base64.b64decode(coloured["points"])
    rows = b"".join(b"\0" + points[at : at + width] for at in range(0, len(points), width))
    chunks = {
        b"IHDR": struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0),
        b"PLTE": bytes(coloured["palette"]),
        b"IDAT": zlib.compress(rows, 9),
        b"IEND": b"",
    }
    written = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks.items()
    )
    (IMAGES / f"{name}.png").write_bytes(b"\x89PNG\r\n\x1a\n" + written)


def _of_the_school(browser: Browser, url: str) -> None:
    with visiting(browser, SIZE) as visit:
        page = visit.page
        for language in ("en", "zh"):
            open_page(page, f"{url}/?lang={language}")
            _take(page, f"overview.{language}")
        page.locator("h2", has_text="教室地图").evaluate("(head) => head.scrollIntoView()")
        page.evaluate("scrollBy(0, -80)")
        _take(page, "overview-rooms.zh")
        open_page(page, f"{url}/score")
        _take(page, "score.zh")
        open_page(page, f"{url}/score?clause=B03")
        _take(page, "score-finding.zh")


def _of_the_city(browser: Browser, city: City) -> None:
    school = city.ranking(selected=False)[0]["school"]
    with visiting(browser, SIZE) as visit:
        page = visit.page
        open_page(page, f"{city.server.url}/ranking/{school}?lang=zh")
        _take(page, "ranked-school.zh")
        city.visit_all()
        first = date.fromisoformat(city.ask("/procedure/next")["today"])
        city.take(
            step="publicity",
            by="陈科长 市教育技术中心",
            reason="按评选规则公示七天",
            first_day=f"{first}",
            last_day=f"{first + timedelta(days=6)}",
            contact="市教育技术中心 203 室",
            selection=city.ask("/assessments/latest")["latest_selection"],
        )
        open_page(page, f"{city.server.url}/ranking/{school}")
        page.locator("[data-step=objection]").get_by_role("button").click()
        dialog = page.get_by_role("dialog")
        dialog.locator("[data-test=by]").fill("李校长 本校")
        dialog.locator("[data-test=reason]").fill("计算机教室的使用数据缺两天，请核对网关记录")
        _take(page, "object.zh")


if __name__ == "__main__":
    sys.exit(main())
