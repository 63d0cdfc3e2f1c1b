"""A text in the browser goes on from any of its tokens, is found again, and leaves as a script."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser import CHROMIUM, ROOT, RunningApp, Watched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")

PLACE = 4
ENDED = "(count) => document.querySelector('.turns span').textContent === count && document.querySelector('.strip').dataset.running === 'false'"  # noqa: E501 (one expression of JavaScript)


@pytest.fixture
def watched(browser: Browser, app: RunningApp) -> Iterator[Watched]:
    """Open a page that may read the clipboard, in a browser that kept nothing; afterwards nothing was complained of."""
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    opened = Watched(context, app.url)
    yield opened
    context.close()
    assert (opened.errors, opened.foreign) == ([], [])


def tokens(watched: Watched) -> list[str]:
    """Return the written tokens as they stand on the strip."""
    return watched.page.locator(".tok[data-position]").all_text_contents()


def choose(watched: Watched, position: int) -> str:
    """Click a token of the strip, wait for its picture, and return its text."""
    node = watched.page.locator(f'.tok[data-position="{position}"]')
    node.click()
    expect(watched.page.locator(".plot h2")).to_contain_text(f"Token {position + 1}:")
    return node.text_content() or ""


def other(watched: Watched, than: str) -> str:
    """Press the first alternative that is another token; return its text."""
    button = watched.page.locator("button.other").filter(has_not_text=than.replace(" ", "␣")).first
    text = (button.locator("b").text_content() or "").replace("␣", " ")
    button.click()
    return text


def wait_for(watched: Watched, texts: int) -> list[str]:
    """Wait for the end of the last of so many texts, and return its tokens."""
    watched.page.wait_for_function(ENDED, arg=f"{texts} / {texts}")
    return tokens(watched)


def test_a_text_goes_on_with_another_token_and_back(watched: Watched) -> None:
    """What stood before stays, the chosen token is marked, and both texts can be had again."""
    watched.write(12)
    first = tokens(watched)
    drawn = choose(watched, PLACE)
    chosen = other(watched, drawn)
    second = wait_for(watched, 2)
    assert (second[:PLACE], second[PLACE]) == (first[:PLACE], chosen)
    assert len(second) == PLACE + 12
    assert "the 12 new tokens asked for" in (watched.page.locator(".stats").text_content() or "")
    assert watched.page.locator(".tok.chosen").all_text_contents() == [chosen]
    choose(watched, PLACE)
    expect(watched.page.locator(".draw").first).to_contain_text("was chosen by hand; luck did not decide")
    watched.page.click(".turns button >> nth=0")
    expect(watched.page.locator(".turns span")).to_have_text("1 / 2")
    assert tokens(watched) == first
    expect(watched.page.locator(".plot h2")).to_contain_text("Token 12:")  # the picture is of the text that is shown
    watched.page.click(".turns button >> nth=1")
    expect(watched.page.locator(".turns span")).to_have_text("2 / 2")
    assert tokens(watched) == second


def test_what_is_kept_keeps_its_settings(watched: Watched) -> None:
    """A token that another run drew shows the seed and the settings of that run, and so does its row of the table."""
    watched.set_number("temperature", "0.9")
    watched.write(8)
    drawn = choose(watched, PLACE)
    watched.set_number("temperature", "0.3")
    watched.page.fill("#seed textarea, #seed input", "7")
    choose(watched, PLACE)
    other(watched, drawn)
    wait_for(watched, 2)
    for place, seed, temperature in ((PLACE - 1, 42, 0.9), (PLACE + 1, 7, 0.3)):
        choose(watched, place)
        expect(watched.page.locator(".draw").first).to_contain_text(f"seed {seed} gives")
        expect(watched.page.locator(".plot .settings")).to_contain_text(f"temperature {temperature}")
    table = watched.page.request.get(watched.url + (watched.page.get_attribute("a[href$='.csv']", "href") or "")).text()
    rows = table.splitlines()[1:]
    assert ['""seed"": 42' in row for row in rows] == [True] * PLACE + [False] * 8


def test_the_drawn_token_leads_to_the_same_text(watched: Watched) -> None:
    """By keyboard, too: Enter on the token that was drawn writes what was written."""
    watched.set_number("top_k", "3")
    watched.write(12)
    first = tokens(watched)
    drawn = choose(watched, PLACE)
    watched.page.fill("#length input", str(12 - PLACE))
    watched.page.locator("button.other").filter(has_text=drawn.replace(" ", "␣")).first.press("Enter")
    assert wait_for(watched, 2) == first


def test_an_empty_seed_box_keeps_the_luck_of_the_text(watched: Watched) -> None:
    """The seed that was picked for the first text is that of the next, which begins at its very first token."""
    watched.set_number("top_k", "3")  # whatever is drawn is among the alternatives
    watched.page.fill("#seed textarea, #seed input", "")
    watched.write(10)
    first = tokens(watched)
    watched.page.locator('.tok[data-position="0"]').click()
    expect(watched.page.locator(".plot h2")).to_contain_text("Token 1:")
    drawn = watched.page.get_by_text(first[0].replace(" ", "␣"), exact=True)
    watched.page.locator("button.other", has=drawn).click()
    assert wait_for(watched, 2) == first


def test_one_text_is_written_at_a_time(watched: Watched) -> None:
    """While one grows, Write is answered with a sentence; Stop ends that one, and its end offers to go on."""
    watched.begin_long()
    watched.page.wait_for_selector('.tok[data-position="9"]')
    expect(watched.page.locator("button.other")).to_have_count(0)
    watched.page.click("#write")
    expect(watched.page.locator(".notice")).to_contain_text("A text is being written. Press Stop")
    watched.page.click("#stop")
    watched.page.wait_for_function("document.querySelector('.strip').dataset.running === 'false'")
    expect(watched.page.locator("button.other")).to_have_count(6)
    expect(watched.page.locator(".turns")).to_be_hidden()


def test_a_copied_link_says_what_it_does_not_hold(watched: Watched) -> None:
    """A text that was continued by hand cannot be had again from its settings alone."""
    watched.write(6)
    other(watched, choose(watched, PLACE))
    wait_for(watched, 2)
    watched.page.click("#copy-link")
    expect(watched.page.locator(".notice")).to_contain_text("the tokens that were chosen by hand are not in it")


def test_a_bar_is_an_alternative_from_the_first_token_on(watched: Watched) -> None:
    """A click on a bar of the first picture writes on from the prompt; Stop ends that text as any other."""
    name = watched.names()[2]
    watched.page.fill("#length input", "1900")
    box = watched.page.locator(".figure .trace.bars .point path").nth(2).bounding_box()
    assert box
    watched.page.mouse.click(box["x"] + 2, box["y"] + box["height"] / 2)
    watched.page.wait_for_selector('.tok[data-position="0"]')
    watched.page.click("#stop")
    watched.page.wait_for_function("document.querySelector('.strip').dataset.running === 'false'")
    written = tokens(watched)
    assert (written[0], len(written) < 1900) == (name.strip().replace("␣", " "), True)
    assert "stopped" in (watched.page.locator(".stats").text_content() or "")


def test_the_curves_lead_to_a_token(watched: Watched) -> None:
    """Opened behind a text, they have a dot for each token; a click selects it, and the next text is drawn anew."""
    watched.write(12)
    watched.page.click("#curves summary")
    dots = watched.page.locator("#curves .scatterlayer .points path")
    expect(dots).to_have_count(12)
    box = dots.nth(PLACE).bounding_box()
    assert box
    watched.page.mouse.click(box["x"] + 2, box["y"] + 2)
    expect(watched.page.locator(".tok.sel")).to_have_attribute("data-position", str(PLACE))
    expect(watched.page.locator(".plot h2")).to_contain_text(f"Token {PLACE + 1}:")
    watched.write(8)
    expect(dots).to_have_count(8)


def test_a_run_leaves_as_a_script_that_writes_it(watched: Watched) -> None:
    """What Copy as code puts into the clipboard prints the text of the page, in a process of its own."""
    text = watched.write(16)
    watched.page.get_by_label("Copy as code …").select_option("llama-cpp-python")
    expect(watched.page.locator(".notice")).to_contain_text("The script is copied.")
    script = watched.page.evaluate("navigator.clipboard.readText()")
    done = subprocess.run([sys.executable, "-"], input=script, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == text


def press(watched: Watched, name: str, texts: int) -> list[str]:
    """Press a button under the text, and return the tokens of the text that it leads to."""
    watched.page.locator(".strip").get_by_role("button", name=name, exact=True).click()
    return wait_for(watched, texts)


def test_a_text_is_written_on_as_if_it_had_never_ended(watched: Watched) -> None:
    """Luck belongs to a place: eight tokens and eight more are the sixteen of one run."""
    watched.write(16)
    whole = tokens(watched)
    watched.write(8)
    assert press(watched, "Write on", 3) == whole
    assert "the 8 new tokens asked for" in (watched.page.locator(".stats").text_content() or "")
    assert watched.page.locator(".tok.chosen").count() == 0


def test_a_text_grows_by_one_token_at_a_press(watched: Watched) -> None:
    """Each is shown with what it was drawn from; one of one's own choice is one step too, until somebody writes."""
    watched.write(12)
    whole = tokens(watched)
    watched.write(2)
    assert press(watched, "One token", 3) == whole[:3]
    expect(watched.page.locator(".plot h2")).to_contain_text("Token 3:")
    assert press(watched, "One token", 4) == whole[:4]
    expect(watched.page.locator(".plot h2")).to_contain_text("Token 4:")
    chosen = other(watched, whole[3])
    assert wait_for(watched, 5) == [*whole[:3], chosen]
    watched.page.fill("#length input", "4")
    assert len(press(watched, "Write on", 6)) == 8
    watched.page.click(".turns button >> nth=0")
    expect(watched.page.locator(".turns span")).to_have_text("5 / 6")
    assert tokens(watched) == [*whole[:3], chosen]
