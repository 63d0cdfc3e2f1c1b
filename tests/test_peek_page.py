"""The card at a written token, in a browser on the real SmolLM2."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from playground.samplers.rules import percent
from tests.browser import CHROMIUM, RunningApp, Watched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")

BOXES = """(place) => ["#peek", `.tok[data-position="${place}"]`].map((name) => {
  const { left, right, top, bottom } = document.querySelector(name).getBoundingClientRect();
  return { left, right, top, bottom };
})"""


@pytest.fixture(scope="module")
def watched(browser: Browser, app: RunningApp) -> Iterator[Watched]:
    """Open a page with a text on it; afterwards nothing was complained of."""
    context = browser.new_context(has_touch=True)
    opened = Watched(context, app.url)
    opened.write(24)
    yield opened
    context.close()
    assert (opened.errors, opened.foreign) == ([], [])


@pytest.fixture(autouse=True)
def away(watched: Watched) -> None:
    """Begin without a card, at the usual size."""
    watched.page.set_viewport_size({"width": 1440, "height": 1000})
    watched.page.mouse.move(2, 2)
    watched.page.evaluate("document.activeElement?.blur()")
    expect(card(watched)).to_be_hidden()


def card(watched: Watched) -> Locator:
    """Return the card."""
    return watched.page.locator("#peek")


def token(watched: Watched, place: int) -> Locator:
    """Return a written token."""
    return watched.page.locator(f'.tok[data-position="{place}"]')


def record(watched: Watched, app: RunningApp, place: int) -> dict[str, Any]:
    """Return what the run recorded of a token."""
    saved = watched.page.locator('.stats a[href$="run.json"]').get_attribute("href")
    return dict(app.http.get(str(saved)).json()["steps"][place])


def shares(watched: Watched) -> list[list[str]]:
    """Return the numbers of the card, row by row."""
    rows = card(watched).locator("tbody tr").all()
    return [row.locator("td").all_text_contents() for row in rows]


def apart(watched: Watched, place: int) -> bool:
    """Tell whether the card lies inside the window and covers nothing of its token."""
    box, chip = watched.page.evaluate(BOXES, place)
    size = watched.page.viewport_size or {"width": 0, "height": 0}
    inside = box["left"] >= 0 and box["top"] >= 0 and box["right"] <= size["width"] and box["bottom"] <= size["height"]
    return bool(inside and (box["bottom"] <= chip["top"] or box["top"] >= chip["bottom"]))


def test_the_pointer_shows_what_else_could_have_come(watched: Watched, app: RunningApp) -> None:
    """The likeliest tokens, the drawn one with its rank, and all others, as the run recorded them; nothing is asked."""
    asked: list[str] = []
    watched.page.on("request", lambda request: asked.append(request.url))
    for place in (1, 9):
        step = record(watched, app, place)
        token(watched, place).hover()
        expect(card(watched)).to_contain_text(f"token {place + 1} · rank {step['rank']} of 49,152")
        best = sorted(step["snapshot"]["candidates"], key=lambda item: (-item[3], item[4]))[:5]
        listed = shares(watched)
        assert [row[0] for row in listed[:5]] == [percent(item[2]) for item in best]
        drawn = card(watched).locator("tr.mine")
        assert drawn.locator("td").all_text_contents()[1] == percent(step["final_prob"])
        expect(drawn).to_contain_text("drawn")
        before = [float(row[0].strip("<>%")) for row in listed]
        assert sum(before) == pytest.approx(100, abs=0.5)
    assert [url for url in asked if not url.endswith("/healthz")] == []


def test_the_card_can_be_pointed_at_and_waved_away(watched: Watched) -> None:
    """It stays under the pointer, leaves with Escape while the pointer stays, and never covers its token."""
    token(watched, 4).hover()
    assert apart(watched, 4)
    card(watched).hover()
    watched.page.wait_for_timeout(400)  # longer than it waits for the pointer
    expect(card(watched)).to_be_visible()
    watched.page.keyboard.press("Escape")
    expect(card(watched)).to_be_hidden()
    token(watched, 5).hover()
    expect(card(watched)).to_be_visible()
    watched.page.mouse.move(2, 2)
    expect(card(watched)).to_be_hidden()


def test_the_keyboard_shows_it_and_a_screen_reader_is_told(watched: Watched) -> None:
    """The arrow keys take it along; the focused token is described by it, and by no other."""
    token(watched, 2).focus()
    for place in (3, 4):
        watched.page.keyboard.press("ArrowRight")
        expect(token(watched, place)).to_be_focused()
        expect(card(watched)).to_contain_text(f"token {place + 1} ·")
        expect(token(watched, place)).to_have_attribute("aria-describedby", "peek")
        assert watched.page.locator("[aria-describedby=peek]").count() == 1
    watched.page.keyboard.press("Escape")
    expect(card(watched)).to_be_hidden()
    expect(token(watched, 4)).to_be_focused()
    assert watched.page.locator("[aria-describedby=peek]").count() == 0


def test_a_tap_shows_it_on_a_phone(watched: Watched) -> None:
    """Inside the window for every token; a tap elsewhere takes it away."""
    watched.page.set_viewport_size({"width": 390, "height": 844})
    for place in (0, 7, watched.page.locator(".tok[data-position]").count() - 1):
        token(watched, place).tap()
        expect(card(watched)).to_contain_text(re.compile(f"^token {place + 1} ·"))
        assert apart(watched, place)
    watched.page.locator(".strip h2").tap()
    expect(card(watched)).to_be_hidden()


def test_what_other_settings_say_of_a_token_stands_in_its_card(watched: Watched) -> None:
    """While they are tried, and not afterwards."""
    watched.set_number("top_k", "1")
    gone = watched.page.locator('.tok[data-tried="gone"]').first
    place = int(gone.get_attribute("data-position") or "")
    gone.hover()
    expect(card(watched)).to_contain_text("What if: Top-k removes it")
    watched.page.get_by_role("button", name="Back to the colors").click()
    token(watched, place).hover()
    expect(card(watched)).to_be_visible()
    expect(card(watched)).not_to_contain_text("What if")


def test_a_token_of_the_prompt_shows_what_could_have_stood_there(watched: Watched, app: RunningApp) -> None:
    """By a click and by the arrow keys, under other settings too; the first has nothing before it."""
    page, title = watched.page, watched.page.locator(".plot h2")
    prompt = page.locator(".tok.p")
    prompt.nth(4).click()
    expect(title).to_contain_text("Token 5 of the prompt: what could have stood there, after “The secret to a”")
    expect(page.locator(".plot .draw").first).to_contain_text("“␣successful” stands there, token 5 of the prompt")
    assert page.locator(".figure .ytick b, .figure .ytick tspan[style*=bold]").all_text_contents() == ["␣successful"]
    page.keyboard.press("ArrowLeft")
    expect(title).to_contain_text("Token 4 of the prompt")
    expect(prompt.nth(3)).to_be_focused()
    expect(prompt.nth(3)).to_have_class(re.compile("sel"))
    watched.set_number("top_k", "2")
    expect(page.locator(".numbers dd").nth(1)).to_contain_text("2 of")
    expect(title).to_contain_text("Token 4 of the prompt")
    watched.set_number("top_k", "40")
    prompt.nth(0).click()
    expect(title).to_contain_text("Token 4 of the prompt")
    token(watched, 0).click()
    expect(title).to_contain_text("Token 1: drawn from this")
    page.keyboard.press("ArrowLeft")
    expect(title).to_contain_text("Token 7 of the prompt")
    run = page.evaluate("document.querySelector('.strip').dataset.ended")
    answer = app.http.get(f"/runs/{run}/prompt/0")
    assert (answer.status_code, "the first has nothing before it" in answer.text) == (400, True)
