"""Decoding with everything recorded, alone and streamed to a browser, against a bare llama_decode loop.

``python -m tests.bench.decode``: one round after another, bare · engine · page, so that all see the same machine;
prints the median ratios.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from playground import Playground
from tests.browser import ROOT, VISITED, RunningApp, launch

if TYPE_CHECKING:
    from playwright.sync_api import Page

KEY, PROMPT, TOKENS, ROUNDS = "smollm2-135m-instruct", "The secret to a successful life is", 160, 5
SETTINGS = {"temperature": 0.8, "top_k": 40, "top_p": 0.9, "seed": 1, "max_new_tokens": TOKENS}
POLL_MS = 250  # asked in each frame, the browser would draw frames only to be asked
RATE = """
Number([...document.querySelectorAll(".stats span")].map((item) => item.innerText)
  .find((text) => text.startsWith("tokens/s")).split(" ")[1])
"""


def bare() -> float:
    """Return tokens per second of the bare loop, in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.bare_decode", KEY, PROMPT, str(TOKENS)]
    return float(subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout)


def recorded(playground: Playground) -> float:
    """Return tokens per second with all records made and sent, nobody looking."""
    timing = playground.generate(KEY, PROMPT, **SETTINGS).timing
    assert timing is not None
    return timing.tokens_per_s


def streamed(page: Page) -> float:
    """Return tokens per second as the page shows them, while it draws."""
    ended = page.evaluate("document.querySelector('.strip').dataset.ended ?? ''")
    page.click("#write")
    page.wait_for_function(
        "(old) => (document.querySelector('.strip').dataset.ended ?? '') !== old", arg=ended, polling=POLL_MS
    )
    return float(page.evaluate(RATE))


def main() -> None:
    """Take turns and print medians."""
    with RunningApp() as app, sync_playwright() as driver, Playground(ROOT / "models.yaml") as playground:
        page = launch(driver).new_page(viewport={"width": 1440, "height": 1000})
        page.add_init_script(VISITED)
        page.goto(app.url)
        page.wait_for_selector(".plot h2:not(:empty)")
        page.fill("#seed textarea, #seed input", "1")
        page.fill("#length input", str(TOKENS))
        rows = [(bare(), recorded(playground), streamed(page)) for _ in range(ROUNDS)]
    for name, column in (("recorded", 1), ("streamed to Chromium", 2)):
        ratios = [row[column] / row[0] for row in rows]
        print(f"{name}: {statistics.median(ratios):.2f} × bare (min {min(ratios):.2f}, max {max(ratios):.2f})")
    print(
        "tokens/s, bare · recorded · streamed:", " | ".join(" · ".join(f"{rate:.0f}" for rate in row) for row in rows)
    )


if __name__ == "__main__":
    main()
