"""In the browser, on the real SmolLM2: the texts of a page as a tree, which a reload keeps."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser import CHROMIUM, RunningApp, Watched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")

# A line of the tree, its children in a list behind it.
TREE = """() => {
  const line = (item) => [item.querySelector("button").textContent, lines(item.querySelector("ul"))];
  const lines = (list) => [...(list?.children ?? [])].map(line);
  return lines(document.querySelector(".tree > div > ul"));
}"""

SMALL = """
const set = Storage.prototype.setItem;
Storage.prototype.setItem = function (key, value) {
  if (value.length > 1000) throw new DOMException("full", "QuotaExceededError");
  set.call(this, key, value);
};
"""
FORGOTTEN = """
const kept = JSON.parse(sessionStorage.playground);
kept.texts[0].id = kept.texts[1].parent = "gone";
sessionStorage.playground = JSON.stringify(kept);
"""


@pytest.fixture
def watched(browser: Browser, app: RunningApp) -> Iterator[Watched]:
    """Open the page in a browser that kept nothing; afterwards nothing was complained of."""
    watched = Watched(browser.new_context(), app.url)
    yield watched
    watched.page.context.close()
    assert (watched.errors, watched.foreign) == ([], [])


def texts(page: Page, count: int) -> None:
    """Wait until so many texts are written."""
    page.wait_for_function(
        "(count) => document.querySelector('.turns span')?.textContent.endsWith(`/ ${count}`)"
        " && document.querySelector('.strip').dataset.running === 'false'",
        arg=count,
    )


def branch(page: Page, position: int, count: int) -> str:
    """Go on from a token with the most likely one that was not drawn; return that."""
    page.locator(f'.tok[data-position="{position}"]').click()
    expect(page.locator(".plot h2")).to_contain_text(f"Token {position + 1}:")
    drawn = page.locator(f'.tok[data-position="{position}"]').text_content() or ""
    others = [
        button for button in page.locator("button.other").all() if drawn.strip() not in str(button.text_content())
    ]
    others[0].click()
    texts(page, count)
    return page.locator(f'.tok[data-position="{position}"]').text_content() or ""


def label(page: Page, start: int = 0) -> str:
    """Return the text that is shown, from a token on, as a line of the tree has it."""
    written = "".join(page.locator(".tok[data-position]").all_text_contents()[start:])
    text = re.sub(r"\s+", " ", written).lstrip()
    return text if len(text) <= 42 else text[:42] + "…"


def test_branches_stand_under_the_text_that_they_leave(watched: Watched) -> None:
    """Each with the token where it left it; texts that only grew share a line, which leads to the last of them."""
    page = watched.page
    watched.write(6)
    expect(page.locator(".tree")).to_be_hidden()
    first = label(page)
    branch(page, 3, 2)
    second = label(page, 3)
    branch(page, 4, 3)
    third = label(page, 4)
    for count in (4, 5):
        page.get_by_role("button", name="One token", exact=True).click()
        texts(page, count)
    page.locator(".tree summary").click()
    page.wait_for_selector(".tree .node")
    assert page.evaluate(TREE) == [
        [
            f"1 · seed 42: “{first}”",
            [[f"2 · from token 4 on: “{second}”", [[f"5 · from token 5 on: “{third}” · gone on 2 ×", []]]]],
        ]
    ]
    expect(page.locator(".tree [aria-current]")).to_contain_text("5 ·")
    page.locator(".tree .node").first.click()
    expect(page.locator(".turns span")).to_have_text("1 / 5")
    expect(page.locator(".tree [aria-current]")).to_contain_text("1 ·")
    assert label(page) == first


def test_a_reload_keeps_the_tree_and_the_settings_of_its_texts(watched: Watched) -> None:
    """Every text can be shown again, and a link to it is that of its own settings."""
    page = watched.page
    watched.write(5)
    first = label(page)
    branch(page, 2, 2)
    second = label(page)
    page.reload()
    texts(page, 2)
    assert label(page) == second
    page.locator(".tree summary").click()
    page.wait_for_selector(".tree .node")
    page.locator(".tree .node").first.click()
    expect(page.locator(".turns span")).to_have_text("1 / 2")
    assert label(page) == first
    page.click("#copy-link")
    expect(page.locator(".notice")).to_have_text("The link is copied.")


def test_a_text_that_is_kept_no_longer_leaves_the_tree(watched: Watched) -> None:
    """Its sentence says so, and what went on from it stands by itself."""
    page = watched.page
    watched.write(4)
    branch(page, 2, 2)
    page.add_init_script(FORGOTTEN)
    page.reload()
    texts(page, 2)
    page.locator(".tree summary").click()
    page.wait_for_selector(".tree .node")
    with page.expect_response("**/runs/gone/strip") as answer:
        page.locator(".tree .node").first.click()
    assert answer.value.status == 404
    expect(page.locator(".tree")).to_be_hidden()
    expect(page.locator(".turns")).to_be_hidden()
    watched.errors.clear()  # the browser's line about the 404


def test_where_the_tree_finds_no_room_the_rest_is_kept(browser: Browser, app: RunningApp) -> None:
    """Of several texts with their settings, a small storage keeps the last one and the page's own settings."""
    watched = Watched(browser.new_context(), app.url, script=SMALL)
    page = watched.page
    watched.set_number("temperature", "1.3")
    watched.write(4)
    branch(page, 2, 2)
    shown = label(page)
    page.reload()
    page.wait_for_selector('.strip[data-running="false"]')
    assert label(page) == shown
    expect(page.locator(".tree")).to_be_hidden()
    expect(page.locator('.sampler[data-key="temperature"] .number').first).to_have_value("1.3")
    page.context.close()
    assert (watched.errors, watched.foreign) == ([], [])
