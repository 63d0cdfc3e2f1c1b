"""The budgets of exploring a text: clicks, sliders while it streams, fast models, the what-if of a whole text.

``python -m tests.bench.explore``.
"""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from tests.bench.page import MOVE
from tests.browser import RunningApp, Watched, launch

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

TOKENS, LONG, FAST = 64, 400, 2_000
HOVERED = 40
CLICKS, MOVES, TRIES, WARM_UP = 60, 40, 15, 5
MODELS = """
models:
  endless: {title: Endless, backend: toy, source: "path:endless.json", context_tokens: 4096}
"""
# The end is banned, so that every text is as long as asked for, whatever this machine's last digits make of it.
ENDLESS = {"order": "transformers", "temperature": 0.8, "top_k": 40, "top_p": 0.9}
ENDLESS |= {"logit_bias": [["<|im_end|>", False], ["<|endoftext|>", False]]}
STATE = {"v": 1, "model": "smollm2-135m-instruct", "mode": "completion", "system": "", "history": [], "seed": "42"}
STATE |= {"prompt": "The secret to a successful life is", "chain": ENDLESS, "max_new_tokens": TOKENS}
STATE |= {"view": "distribution", "color": "surprisal", "token": None}
KEPT = f"localStorage.setItem('playground', JSON.stringify({json.dumps({'state': STATE})}))"
RUNNING = "document.querySelector('.strip').dataset.running === 'true'"

# Presses a token and waits until its own picture is painted: title and figure change together.
CLICK = """
async (position) => {
  const node = document.querySelector(`.tok[data-position="${position}"]`);
  const title = document.querySelector(".plot h2");
  const start = performance.now();
  node.click();
  do await new Promise((done) => document.addEventListener("playground:painted", done, { once: true }));
  while (!title.textContent.includes(` ${position + 1}:`));
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
  return performance.now() - start;
}
"""
# From the pointer's own time stamp until the card of the token under it is painted.
HOVERS = """
() => {
  window.hovers = [];
  document.querySelector(".tokens").addEventListener("pointerover", async ({ target, timeStamp }) => {
    if (!target.dataset.position) return;
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
    const card = document.querySelector("#peek");
    const right = !card.hidden && new RegExp(` ${Number(target.dataset.position) + 1} `).test(card.textContent);
    window.hovers.push(right ? performance.now() - timeStamp : Infinity);
  });
}
"""
# Where a token is, once it is in sight: the middle of the wider of its lines.
MIDDLE = """
(place) => {
  const node = document.querySelector(`.tok[data-position="${place}"]`);
  node.scrollIntoView({ block: "nearest" });
  const [line] = [...node.getClientRects()].sort((one, other) => other.width - one.width);
  return [line.left + line.width / 2, line.top + line.height / 2];
}
"""
# Moves a slider and waits until the last token has been judged under it.
TRY = """
async (value) => {
  const slider = document.querySelector('.sampler[data-key="temperature"] input[type=range]');
  const tried = new Promise((done) => document.addEventListener("playground:tried", done, { once: true }));
  const start = performance.now();
  slider.value = value;
  slider.dispatchEvent(new Event("input", { bubbles: true }));
  await tried;
  return performance.now() - start;
}
"""
# From pressing Write: how long until the last token stands there.
WRITE = """
async () => {
  const strip = document.querySelector(".strip");
  const before = strip.dataset.ended;
  const start = performance.now();
  document.querySelector("#write").click();
  const waits = () => strip.dataset.ended === before || strip.dataset.running === "true";
  while (waits()) await new Promise((done) => requestAnimationFrame(done));
  return performance.now() - start;
}
"""
PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"


def main() -> None:
    """Measure once and print."""
    with RunningApp() as app, sync_playwright() as driver:
        browser = launch(driver)
        app.http.get("/healthz")
        print(f"open → first paint: {sorted(first_paints(browser, app.url))[2] / 1e3:.2f} s (median of 5)")
        watched = Watched(browser, app.url, script=KEPT)
        watched.write(TOKENS)
        told("click → its distribution", [watched.page.evaluate(CLICK, place) for place in places()])
        told("pointer on a token → its card", hovered(watched.page, HOVERED))
        told("slider → every token tried", [watched.page.evaluate(TRY, value) for value in values(TRIES)])
        told("slider → painted plot while a text streams", while_it_streams(watched))
        with TemporaryDirectory() as folder:
            rate = fast(browser, Path(folder))
        print(f"a model that takes no time: {rate:.0f} tokens/s from Write to the last of {FAST:,} on the page")


def first_paints(browser: Browser, url: str) -> list[float]:
    """Open the page five times, each in a browser that kept nothing; return milliseconds."""
    found = []
    for _ in range(5):
        page: Page = browser.new_context().new_page()
        page.goto(url)
        page.wait_for_selector("#write")
        found.append(float(page.evaluate(PAINT)))
        page.context.close()
    return found


def places() -> list[int]:
    """Return tokens to click, none next to the one before."""
    return [(7 * number) % TOKENS for number in range(1, CLICKS + WARM_UP)]


def values(count: int) -> list[str]:
    """Return temperatures, each other than the one before and than that of the page."""
    return [str(round(0.85 + 0.05 * (7 * number % 19), 2)) for number in range(count + WARM_UP)]


def hovered(page: Page, count: int) -> list[float]:
    """Lead the pointer over tokens; return milliseconds until the card of each."""
    page.evaluate(HOVERS)
    all_tokens = page.locator(".tok[data-position]").count()
    for number in range(1, count + WARM_UP + 1):
        page.mouse.move(2, 2)
        page.locator("#peek").wait_for(state="hidden")  # it may cover the next token
        page.mouse.move(*page.evaluate(MIDDLE, 7 * number % all_tokens))
        page.wait_for_function("(count) => window.hovers.length >= count", arg=number)
    return [float(took) for took in page.evaluate("window.hovers")]


def while_it_streams(watched: Watched) -> list[float]:
    """Write a long text, click a token of it and move sliders there until it ends."""
    page = watched.page
    page.fill("#length input", str(LONG))
    page.click("#write")
    page.wait_for_selector('.strip[data-running="true"] .tok[data-position="3"]')
    page.evaluate(CLICK, 3)
    found = []
    for value in values(MOVES):
        took = page.evaluate(MOVE, ["temperature", value])
        if page.evaluate(RUNNING):
            found.append(took)
    page.click("#stop")
    page.wait_for_selector('.strip[data-running="false"]')
    return found


def fast(browser: Browser, folder: Path) -> float:
    """Write with a model that takes no time and never ends; return tokens per second."""
    (folder / "endless.json").write_text('{"": {" la": 0.5, " li": 0.5}}', encoding="utf-8")
    models = folder / "models.yaml"
    models.write_text(MODELS, encoding="utf-8")
    with RunningApp("--models", str(models)) as app:
        watched = Watched(browser, app.url)
        watched.page.fill("#length input", str(FAST))
        watched.page.evaluate(WRITE)
        took = watched.page.evaluate(WRITE)
        count = watched.page.locator(".tok[data-position]").count()
        told(f"pointer on one of {count:,} tokens → its card", hovered(watched.page, HOVERED))
    return float(count / took * 1e3)


def told(name: str, times: list[float]) -> None:
    """Print median and 95th percentile, without the first few."""
    found = sorted(times[WARM_UP:])
    print(
        f"{name}: p50 {statistics.median(found):.0f} ms, p95 {found[int(0.95 * len(found))]:.0f} ms, n = {len(found)}"
    )


if __name__ == "__main__":
    main()
