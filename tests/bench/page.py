"""The page's budgets: start, first picture, slider → painted plot, memory. ``python -m tests.bench.page``."""

from __future__ import annotations

import statistics
import time

import psutil
from playwright.sync_api import sync_playwright

from tests.browser import VISITED, RunningApp, launch

MOVES, WARM_UP = 80, 10

# Moves a slider as a hand does and waits until plotly has drawn and the browser has painted the next frame.
MOVE = """
async ([key, value]) => {
  const slider = document.querySelector(`.sampler[data-key="${key}"] input[type=range]`);
  const painted = new Promise((done) => document.addEventListener("playground:painted", done, { once: true }));
  const start = performance.now();
  slider.value = value;
  slider.dispatchEvent(new Event("input", { bubbles: true }));
  await painted;
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
  return performance.now() - start;
}
"""


def main() -> None:
    """Measure once and print."""
    start = time.perf_counter()
    with RunningApp() as app, sync_playwright() as driver:
        app.http.get("/healthz")
        served = time.perf_counter() - start
        page = launch(driver).new_page(viewport={"width": 1440, "height": 1000})
        opened = time.perf_counter()
        page.add_init_script(VISITED)
        page.goto(app.url)
        page.wait_for_selector("#write")
        usable = time.perf_counter() - opened
        page.wait_for_selector(".plot h2:not(:empty)")
        pictured = time.perf_counter() - opened
        times = []
        for move in range(MOVES + WARM_UP):
            key, value = (("temperature", 0.5 + 0.05 * (move % 29)), ("top_p", 0.5 + 0.01 * (move % 47)))[move % 2]
            times.append(page.evaluate(MOVE, [key, str(round(value, 2))]))
        times = sorted(times[WARM_UP:])
        memory = psutil.Process(app.process.pid).memory_info().rss / 2**20
    print(
        f"python app.py → page served {served:.1f} s; open → controls {usable:.1f} s, → first picture {pictured:.1f} s"
    )
    print(f"slider → painted plot: p50 {statistics.median(times):.0f} ms, p95 {times[int(0.95 * len(times))]:.0f} ms")
    print(f"web process: {memory:.0f} MiB resident")


if __name__ == "__main__":
    main()
