"""The view of comparisons: slider → painted picture with four panes, at rest and while all stream.

``python -m tests.bench.panes``.
"""

from __future__ import annotations

import statistics

from playwright.sync_api import sync_playwright

from tests.browser import RunningApp, Watched, launch

MOVES, WARM_UP, TOKENS, LONG = 40, 5, 24, 1_500

# Moves the temperature of the pane at the side and waits until its picture has been drawn and the next frame painted.
MOVE = """
async (value) => {
  const pane = document.querySelector(".pane.editing");
  const slider = document.querySelector('.sampler[data-key="temperature"] input[type=range]');
  const drawn = new Promise((done) => new MutationObserver((_, seen) => { seen.disconnect(); done(); })
    .observe(pane, { attributeFilter: ["data-painted"] }));
  const start = performance.now();
  slider.value = value;
  slider.dispatchEvent(new Event("input", { bubbles: true }));
  await drawn;
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
  return performance.now() - start;
}
"""


def moved(watched: Watched) -> str:
    """Move the slider to and fro and return the percentiles."""
    values = [0.3 + 0.05 * (place % 20) for place in range(WARM_UP + MOVES)]
    times = sorted([watched.page.evaluate(MOVE, value) for value in values][WARM_UP:])
    return f"p50 {statistics.median(times):.0f} ms, p95 {times[int(0.95 * len(times))]:.0f} ms"


def main() -> None:
    """Measure once and print."""
    with RunningApp() as app, sync_playwright() as driver:
        watched = Watched(launch(driver), app.url)
        page = watched.page
        page.locator('.views a[href="#compare"]').click()
        page.select_option("#compare-preset", "temperatures_four")
        page.fill("#length input", str(TOKENS))
        page.keyboard.press("Tab")
        page.click("#write-all")
        page.wait_for_selector(".compare-table tbody tr:nth-child(4)")
        page.wait_for_selector(".pane.editing[data-painted]")
        print(f"slider → painted picture, four panes at rest: {moved(watched)}")
        page.fill("#prompt textarea", ", ".join(map(str, range(1, 17))) + ",")
        page.fill("#length input", str(LONG))
        page.keyboard.press("Tab")
        page.click("#write-all")
        page.click('.pane[data-pane="0"] [data-position="3"]')
        page.wait_for_selector(".pane.editing .tok.sel")
        print(f"while all stream: {moved(watched)}")
        written = page.locator(".pane:visible [data-position]").count()
        running = page.locator('.pane[data-running="true"]').count()
        print(f"{running} of 4 still write; {written} tokens stand there")
        page.click("#stop-all")


if __name__ == "__main__":
    main()
