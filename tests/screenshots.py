"""Take the README's pictures from the real page: ``python -m tests.screenshots``; ``--all FOLDER`` takes every state.

Starts the page on a free port, on the real default model, and writes ``assets/{explore,compare}-{light,dark}.png``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser import ROOT, VISITED, RunningApp, launch

WIDE, PHONE = {"width": 1440, "height": 1000}, {"width": 390, "height": 844}
TOKEN = 1  # the written token that the pictures explain


def written(page: Page) -> None:
    """Write a text and click a token."""
    page.click("#write")
    page.wait_for_selector('.strip[data-running="false"]')
    page.click(f'.tok[data-position="{TOKEN}"]')
    page.get_by_text(f"Token {TOKEN + 1}: drawn from this").wait_for()


def compared(page: Page) -> None:
    """Write at two temperatures, and open how far they are apart."""
    page.locator('.views a[href="#compare"]').click()
    page.fill("#length input", "40")
    page.keyboard.press("Tab")
    page.click("#write-all")
    page.wait_for_selector(".compare-table tbody tr")
    page.wait_for_selector('.pane[data-pane="1"][data-painted]')
    page.locator(".compare-numbers details summary").first.click()
    page.wait_for_selector("details[data-ready=true] .main-svg")


def shoot(page: Page, path: Path) -> None:
    """Save the whole page."""
    page.mouse.move(2, 2)
    page.screenshot(path=str(path), full_page=True)


def open_page(app: RunningApp, browser: object, size: dict[str, int], scheme: str) -> Page:
    """Open the page and wait for its first picture."""
    still = {"color_scheme": scheme, "reduced_motion": "reduce"}  # or the dart is caught in its fall
    page: Page = browser.new_page(viewport=size, **still)  # type: ignore[attr-defined]
    page.add_init_script(VISITED)
    page.goto(app.url)
    page.wait_for_selector(".plot h2:not(:empty)")
    return page


def visited(app: RunningApp, browser: object, size: dict[str, int], scheme: str, start: str) -> None:
    """Save what a first visitor sees: the recorded text, a step of the tour, a card, large type."""
    page: Page = browser.new_page(viewport=size, color_scheme=scheme, reduced_motion="reduce")  # type: ignore[attr-defined]
    page.goto(app.url)
    page.wait_for_selector(".first:not([hidden])")
    page.wait_for_selector(".plot h2:not(:empty)")
    shoot(page, Path(f"{start}-4-first.png"))
    page.click("#tour")
    page.keyboard.press("ArrowRight")
    page.screenshot(path=f"{start}-5-tour.png")
    page.keyboard.press("Escape")
    page.click("details.formula summary")
    page.wait_for_selector("details.formula dd")
    page.locator('.tok[data-position="5"]').focus()
    page.keyboard.press("ArrowRight")
    page.screenshot(path=f"{start}-6-card.png")
    if size == WIDE:
        page.click("#projector")
        shoot(page, Path(f"{start}-7-large.png"))
    page.close()


def every_state(app: RunningApp, browser: object, folder: Path) -> None:
    """Save each state of the page in each look, for a person to look at."""
    folder.mkdir(parents=True, exist_ok=True)
    for size, name in ((WIDE, "wide"), (PHONE, "phone")):
        for scheme in ("light", "dark"):
            page = open_page(app, browser, size, scheme)
            shoot(page, folder / f"{name}-{scheme}-1-look.png")
            written(page)
            shoot(page, folder / f"{name}-{scheme}-2-written.png")
            page.fill('.sampler[data-key="top_p"] .number', "1.5")
            page.keyboard.press("Tab")
            page.wait_for_selector('.notice[data-kind="error"]')
            page.click('.sampler[data-key="top_p"] .ask')
            page.click('.sampler[data-key="repetition_penalty"] .more summary')
            page.get_by_label("Chat", exact=True).click()
            shoot(page, folder / f"{name}-{scheme}-3-error-help-chat.png")
            page.get_by_label("Completion", exact=True).click()
            page.fill('.sampler[data-key="top_p"] .number', "0.9")
            page.keyboard.press("Tab")
            compared(page)
            shoot(page, folder / f"{name}-{scheme}-8-compare.png")
            page.close()
            visited(app, browser, size, scheme, f"{folder}/{name}-{scheme}")


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="save every state here instead")
    options = parser.parse_args()
    with RunningApp() as app, sync_playwright() as driver:
        browser = launch(driver)
        if options.all:
            every_state(app, browser, options.all)
            return
        for scheme in ("light", "dark"):
            page = open_page(app, browser, WIDE, scheme)
            written(page)
            shoot(page, ROOT / "assets" / f"explore-{scheme}.png")
            compared(page)
            shoot(page, ROOT / "assets" / f"compare-{scheme}.png")


if __name__ == "__main__":
    main()
