"""A first visit in a browser: a recorded text before any model is up, the tour, and how the page looks is kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from playground.saved import read_run
from playground.ui.first import latest
from playground.ui.languages import EN
from playground.ui.link import start_state
from tests.browser import CHROMIUM, RunningApp, Watched
from tests.models import CATALOG

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")

TITLE = ".plot h2"
NEVER_UP = "models:\n  other: {title: Other, backend: llamacpp, source: 'path:broken.gguf', context_tokens: 256}\n"


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """Return a browser that has never been here."""
    opened = browser.new_context(reduced_motion="reduce")
    yield opened
    opened.close()


def text(watched: Watched) -> str:
    """Return the text that is shown."""
    return "".join(watched.page.locator(".tok[data-position]").all_text_contents())


def test_the_recording_is_small_and_of_the_page_as_it_begins() -> None:
    """100 kB, a whole text by the default model with the settings of a new page."""
    body = latest().read_bytes()
    run = read_run(body)
    start = start_state(CATALOG, EN.texts)
    settings = run.params.to_dict()
    assert len(body) <= 105_000
    assert (run.model, settings["seed"], run.stop_reason) == (start["model"], start["seed"], "eos")
    assert {key: settings[key] for key in start["chain"]} == start["chain"]
    assert b"".join(run.prompt_pieces).decode() == start["prompt"]


def test_a_recorded_text_is_there_and_explored_with_no_model_up(context: BrowserContext, tmp_path: Path) -> None:
    """Its tokens show what they were drawn from; the page says what it is."""
    with RunningApp.on(tmp_path, NEVER_UP, {"broken.gguf": b"GGUF, and no more"}) as app:
        watched = Watched(context, app.url, first=True)
        expect(watched.page.locator(".first")).to_contain_text("smollm2-135m-instruct wrote it on 20")
        assert text(watched) == read_run(latest().read_bytes()).text + "<|im_end|>"
        expect(watched.page.locator(TITLE)).to_contain_text("Token 3: drawn from this")
        watched.page.locator('.tok[data-position="7"]').click()
        expect(watched.page.locator(TITLE)).to_contain_text("Token 8: drawn from this")
        states = [model["state"] for model in app.http.get("/healthz").json()["models"].values()]
        assert "up" not in states


def test_the_first_own_text_takes_its_place_for_good(context: BrowserContext, app: RunningApp) -> None:
    """Not after a reload without a text, but after one: nor on the next visit, nor among the texts of the page."""
    watched = Watched(context, app.url, first=True)
    card = watched.page.locator(".first")
    expect(card).to_be_visible()
    watched.page.reload()
    expect(card).to_be_visible()
    expect(watched.page.locator(TITLE)).to_contain_text("Token 3:")
    watched.page.fill("#seed textarea, #seed input", "5")
    own = watched.write(6)
    assert text(watched) == own
    expect(card).to_be_hidden()
    expect(watched.page.locator(".turns")).to_be_hidden()
    watched.page.wait_for_function("JSON.parse(sessionStorage.playground).run")
    watched.page.reload()
    expect(watched.page.locator(".tok[data-position]")).to_have_count(6)
    expect(card).to_be_hidden()
    later = Watched(context, app.url, first=True)
    expect(later.page.locator(TITLE)).to_contain_text("What could come after")
    expect(later.page.locator(".first")).to_be_hidden()
    assert (watched.errors, later.errors, watched.foreign) == ([], [], [])


def test_typing_on_a_first_visit_shows_what_could_come(context: BrowserContext, app: RunningApp) -> None:
    """The recorded text keeps the picture only until somebody asks for another."""
    watched = Watched(context, app.url, first=True)
    expect(watched.page.locator(TITLE)).to_contain_text("Token 3:")
    watched.page.fill("#prompt textarea", "The capital of France is")
    expect(watched.page.locator(TITLE)).to_contain_text("capital of France is")
    expect(watched.page.locator(".first")).to_be_visible()


def test_a_link_shows_its_own_state_and_no_recorded_text(context: BrowserContext, app: RunningApp) -> None:
    """Also in a browser that has never been here."""
    writer = Watched(context, app.url)
    writer.page.fill("#prompt textarea", "One two three")
    writer.page.click("#copy-link")
    writer.page.wait_for_function("location.hash.startsWith('#explore/')")
    link = writer.page.evaluate("location.hash")
    writer.page.evaluate("localStorage.clear(), sessionStorage.clear()")
    reader = Watched(context, app.url, fragment=link, first=True)
    expect(reader.page.locator(TITLE)).to_contain_text("One two three")
    expect(reader.page.locator(".first")).to_be_hidden()


def test_the_tour_goes_by_the_keyboard_and_blocks_nothing(context: BrowserContext, app: RunningApp) -> None:
    """Five steps, each with its place framed; the page can be used meanwhile; the focus comes back; offered once."""
    watched = Watched(context, app.url, first=True)
    page, panel = watched.page, watched.page.locator(".tour")
    page.get_by_role("button", name="Show me around, in five steps").press("Enter")
    framed = []
    for number in range(1, 6):
        expect(panel).to_contain_text(f"{number} of 5: {EN.texts[f'tour_{number}']}")
        framed.append(page.locator(".toured").get_attribute("id"))
        if number == 1:  # within the form, which cuts off what stands beyond it
            assert page.locator(".toured").evaluate("(box) => getComputedStyle(box).outlineOffset") == "-3px"
        expect(page.locator(".toured")).to_be_in_viewport()
        page.keyboard.press("ArrowRight")
    assert framed == ["prompt", "strip", "plot", "chain", "keep"]
    page.fill("#prompt textarea", "Meanwhile")
    expect(page.locator("#prompt textarea")).to_have_value("Meanwhile")
    panel.get_by_role("button", name="Done").click()
    expect(panel).to_be_hidden()
    assert page.locator(".toured").count() == 0
    page.locator("#tour").press("Enter")
    expect(panel).to_contain_text("1 of 5")
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(page.locator("#tour")).to_be_focused()
    page.reload()
    expect(page.locator(".first")).to_be_visible()
    expect(page.locator(".offer")).to_be_hidden()


def test_dark_and_large_type_are_kept(context: BrowserContext, app: RunningApp) -> None:
    """Over a reload; chosen back to what the system says, the system decides again."""
    watched = Watched(context, app.url)
    page = watched.page
    dark = "document.body.classList.contains('dark')"
    size = "parseFloat(getComputedStyle(document.querySelector('.figure .ytick text')).fontSize)"
    small = page.evaluate(size)
    title = page.locator(TITLE).bounding_box()
    assert title
    page.click("#theme")
    page.click("#projector")
    expect(page.locator("#projector")).to_have_attribute("aria-pressed", "true")
    page.wait_for_function(f"{size} > {small}")
    page.reload()
    page.wait_for_selector(".plot h2:not(:empty)")
    page.wait_for_selector(".figure .ytick text")
    assert (page.evaluate(dark), page.evaluate(size)) == (True, pytest.approx(1.3 * small, rel=0.02))
    assert page.evaluate("document.documentElement.scrollWidth") == 1440
    large = page.locator(TITLE).bounding_box()
    assert large
    assert large["height"] >= 1.25 * title["height"]
    page.locator(".figure .trace:first-child .point path").nth(2).hover(force=True)
    expect(page.locator(".figure .hoverlayer")).to_contain_text("rank 3")
    page.click("#theme")
    assert page.evaluate(dark) is False
    assert json.loads(page.evaluate("localStorage['playground-display']")) == {"dark": None, "projector": True}
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(dark)
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator("#projector")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
