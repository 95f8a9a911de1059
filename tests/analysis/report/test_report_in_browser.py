"""A real browser shows the page: nothing overflows, nothing is fetched, no name runs, all can be read."""

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HOSTILE = '<script>top.ran=1;window.ran=1</script><img src="http://elsewhere.example/x" onerror="window.ran=1">'
LONG = "a_seed_whose_name_goes_on_and_on_without_any_place_to_break_" * 3
PHONE, DESK = 390, 1280

# What a page tells about itself, asked from the page that frames it.
FRAME = """<!doctype html><body><script>
const widths = %s;
const luminance = color => {
  const parts = color.match(/[\\d.]+/g).map(Number).slice(0, 3).map(
    part => (part /= 255) <= .03928 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4);
  return .2126 * parts[0] + .7152 * parts[1] + .0722 * parts[2];
};
const contrast = (one, other) => {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + .05) / (low + .05);
};
Promise.all(widths.map(width => new Promise(done => {
  const frame = document.createElement("iframe");
  frame.style.cssText = `width:${width}px;height:900px;border:0`;
  frame.onload = () => {
    const inside = frame.contentWindow, page = frame.contentDocument;
    page.querySelectorAll("details").forEach(one => { one.open = true; });
    const ground = inside.getComputedStyle(page.body).backgroundColor;
    const lines = one => {
      const range = page.createRange();
      range.selectNodeContents(one);
      return range.getClientRects().length;
    };
    const held = one => one.closest(".scroll") !== null || one.closest("pre") !== null;
    const shown = [...page.querySelectorAll("p, li, h2, figcaption, th, td, summary")].filter(one => !one.closest(
      ".partial, .note"));
    const drawn = [...page.querySelectorAll("svg text")].filter(one => one.getBoundingClientRect().width > 0);
    done({
      width,
      ground,
      scroll_width: page.scrollingElement.scrollWidth,
      wide: [...page.querySelectorAll("main *, header *, nav *")].filter(one => !held(one) && !one.closest("svg")
        && one.getBoundingClientRect().right > width + 1).map(one => one.tagName),
      cut: drawn.filter(one => {
        const own = one.getBoundingClientRect(), all = one.closest("svg").getBoundingClientRect();
        return own.left < all.left - 1 || own.right > all.right + 1;
      }).map(one => one.textContent),
      fetched: inside.performance.getEntriesByType("resource").map(entry => entry.name),
      ran: Boolean(inside.ran || window.ran),
      narrowest_words: Math.min(...[...page.querySelectorAll("td, tbody th")].filter(
        one => one.textContent.length > 60).map(one => one.getBoundingClientRect().width)),
      broken_intervals: [...page.querySelectorAll("td")].filter(
        one => one.textContent.startsWith("[") && lines(one) > 1).map(one => one.textContent),
      num_drawings: [...page.querySelectorAll("svg")].filter(one => one.getBoundingClientRect().width > 0).length,
      least_contrast: Math.min(...shown.map(one => contrast(inside.getComputedStyle(one).color, ground))),
      least_figure_contrast: Math.min(...drawn.map(one => contrast(inside.getComputedStyle(one).fill, ground))),
    });
  };
  frame.src = "/page.html";
  document.body.append(frame);
}))).then(told => {
  const answer = document.createElement("pre");
  answer.id = "told";
  answer.textContent = JSON.stringify(told);
  document.body.append(answer);
});
</script></body>"""


@dataclass(frozen=True)
class Browsed:
    """What a browser found."""

    pages: list[dict[str, Any]]
    """One for each width."""
    requests: list[str]
    """Paths that it asked the server for."""


@pytest.fixture(scope="module")
def chromium() -> str:
    """The command of an installed Chromium."""
    found = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if found is None:
        pytest.skip("no Chromium is installed (on Debian: apt-get install chromium); .ci/run installs it as root")
    return found


@pytest.fixture(scope="module")
def browse(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Browsed]:
    """A function that opens a page at several widths; without its policy, what the policy would stop can happen."""

    def browse_page(page: Path, *, is_dark: bool = False) -> Browsed:
        html = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page.read_text())
        with _served({"/page.html": html, "/frame.html": FRAME % json.dumps([PHONE, DESK])}) as (url, requests):
            answer = subprocess.run(
                [
                    chromium,
                    "--headless=new",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--hide-scrollbars",
                    f"--user-data-dir={tmp_path_factory.mktemp('profile')}",
                    f"--blink-settings=preferredColorScheme={0 if is_dark else 1}",
                    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
                    "--virtual-time-budget=20000",
                    "--dump-dom",
                    f"{url}/frame.html",
                ],
                capture_output=True,
                text=True,
                timeout=120,
            )
        told = re.search(r'<pre id="told">(.*?)</pre>', answer.stdout, flags=re.DOTALL)
        assert told, answer.stderr[-2000:]
        return Browsed(pages=json.loads(unescape(told[1])), requests=requests)

    return browse_page


class _served:  # noqa: N801, used as a function
    """A server on the loopback that holds a few texts and remembers what it was asked for."""

    def __init__(self, texts: dict[str, str]) -> None:
        self.requests: list[str] = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                owner.requests.append(self.path)
                text = texts.get(self.path)
                self.send_response(404 if text is None else 200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write((text or "").encode())

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self) -> tuple[str, list[str]]:
        self.thread.start()
        return f"http://127.0.0.1:{self.server.server_port}", self.requests

    def __exit__(self, *error: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture(scope="module")
def page(make_frame: Any, report_of: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A report whose names do all that names can do."""
    frame = make_frame(seeds=[HOSTILE, LONG, "漢字", "$x^2$", "5", "6"], num_levels=9, conditions=(HOSTILE, LONG))
    return report_of(frame, out=tmp_path_factory.mktemp("page"), title=LONG).report_html


@pytest.fixture(scope="module")
def light(browse: Callable[..., Browsed], page: Path) -> Browsed:
    """The page by day."""
    return browse(page)


@pytest.fixture(scope="module")
def dark(browse: Callable[..., Browsed], page: Path) -> Browsed:
    """The page by night."""
    return browse(page, is_dark=True)


def test_page_is_as_wide_as_the_window(light: Browsed) -> None:
    assert [one["width"] for one in light.pages] == [PHONE, DESK]
    assert [one["scroll_width"] for one in light.pages] == [PHONE, DESK]
    assert [one["wide"] for one in light.pages] == [[], []]


def test_no_text_of_a_figure_is_cut(light: Browsed) -> None:
    assert [one["cut"] for one in light.pages] == [[], []]


def test_each_figure_is_shown_once(light: Browsed, page: Path) -> None:
    num_figures = page.read_text().count('<figure id="figure-')

    assert num_figures > 0
    assert [one["num_drawings"] for one in light.pages] == [num_figures, num_figures]


def test_words_in_a_table_have_room_on_a_phone(light: Browsed) -> None:
    assert [one["narrowest_words"] >= 200 for one in light.pages] == [True, True]


def test_no_interval_is_broken_over_lines(light: Browsed) -> None:
    assert [one["broken_intervals"] for one in light.pages] == [[], []]


def test_nothing_is_fetched(light: Browsed) -> None:
    assert [one["fetched"] for one in light.pages] == [[], []]
    assert set(light.requests) <= {"/frame.html", "/page.html", "/favicon.ico"}


def test_no_script_in_a_name_runs(light: Browsed) -> None:
    assert [one["ran"] for one in light.pages] == [False, False]


def test_text_can_be_read_by_day_and_by_night(light: Browsed, dark: Browsed) -> None:
    assert light.pages[0]["ground"] == "rgb(255, 255, 255)"
    assert dark.pages[0]["ground"] != light.pages[0]["ground"]
    # 4.5 : 1 is the least contrast of WCAG 2.2, 1.4.3 (AA).
    for one in (*light.pages, *dark.pages):
        assert one["least_contrast"] >= 4.5
        assert one["least_figure_contrast"] >= 4.5
