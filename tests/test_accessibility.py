"""Every state of the page meets WCAG 2.2 AA, as far as axe-core can tell, in light and in dark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import expect

from tests.browser import CHROMIUM, RunningApp, Watched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
SIZES = {"wide": {"width": 1440, "height": 1000}, "phone": {"width": 390, "height": 844}}


@pytest.fixture(scope="module", params=["light", "dark"])
def watched(request: pytest.FixtureRequest, browser: Browser, app: RunningApp) -> Iterator[Watched]:
    """Open a page in one of the two looks, as the browser asks for it."""
    context = browser.new_context(color_scheme=request.param, reduced_motion="reduce")
    opened = Watched(context, app.url)
    dark = "document.body.classList.contains('dark')"
    assert opened.page.evaluate(dark) == (request.param == "dark")
    yield opened
    context.close()


def violations(watched: Watched) -> list[str]:
    """Return what axe-core finds at both sizes: the rule, the place, and how far off it is."""
    found = []
    for name, size in SIZES.items():
        watched.page.set_viewport_size(size)  # type: ignore[arg-type]
        for rule in Axe().run(watched.page, options=RULES).response["violations"]:
            found += [f"{name} {rule['id']} {node['target']} {node['failureSummary']}" for node in rule["nodes"]]
    watched.page.set_viewport_size(SIZES["wide"])  # type: ignore[arg-type]
    return found


def test_axe_finds_what_is_wrong(watched: Watched) -> None:
    """The check can fail: a picture without words and gray on gray are found."""
    watched.page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<div id=wrong style=\"color:#999;background:#aaa\">"
        '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">gray</div>\')'
    )
    found = " ".join(violations(watched))
    watched.page.evaluate("document.querySelector('#wrong').remove()")
    assert [rule in found for rule in ("color-contrast", "image-alt")] == [True, True]


def test_a_new_page(watched: Watched) -> None:
    """Before anything was pressed."""
    assert violations(watched) == []


def test_a_first_visit_with_its_tour(watched: Watched) -> None:
    """A recorded text, its offer, and each step."""
    first = Watched(
        watched.page.context, watched.url, first=True, script="localStorage.removeItem('playground-visit');"
    )
    expect(first.page.locator(".first")).to_be_visible()
    expect(first.page.locator(".plot h2")).to_contain_text("Token 3:")
    found = violations(first)
    first.page.click("#tour")
    for _ in range(5):
        found += violations(first)
        first.page.locator(".tour .acts button:visible").last.press("ArrowRight")
    first.page.close()
    assert found == []


def test_the_card_at_a_token_and_the_numbers_behind_it(watched: Watched) -> None:
    """Both open, in large type too."""
    watched.write(8)
    watched.page.locator(".formula summary").click()
    expect(watched.page.locator(".formula dd").first).to_be_visible()
    watched.page.locator('.tok[data-position="3"]').focus()
    watched.page.keyboard.press("ArrowRight")
    expect(watched.page.locator("#peek")).to_be_visible()
    found = violations(watched)
    watched.page.click("#projector")
    found += violations(watched)
    watched.page.click("#projector")
    watched.page.locator(".formula summary").click()
    assert found == []


def test_a_written_text_with_its_curves(watched: Watched) -> None:
    """With a token selected."""
    watched.write(24)
    watched.page.click("#curves summary")
    watched.page.locator('.tok[data-position="2"]').click()
    expect(watched.page.locator(".plot h2")).to_contain_text("Token 3:")
    assert violations(watched) == []


@pytest.mark.parametrize("color", ["surprisal", "probability", "entropy", "none"])
def test_a_text_in_each_color(watched: Watched, color: str) -> None:
    """At a temperature at which the strongest shade of each is among the tokens."""
    watched.set_number("temperature", "2")
    watched.set_number("top_k", "0")
    watched.set_number("top_p", "1")
    watched.write(16)
    watched.page.select_option(".scale select", color)
    full = watched.page.evaluate(
        "[...document.querySelectorAll('.tok[data-position]')].map((node) => node.style.getPropertyValue('--line'))"
    )
    found = violations(watched)
    watched.page.select_option(".scale select", "surprisal")
    watched.page.select_option(".presets select", "balanced")
    assert found == []
    assert ("4px" in full) == (color != "none")


def test_a_text_under_other_settings(watched: Watched) -> None:
    """Struck out, underlined and marked."""
    watched.write(24)
    watched.set_number("top_k", "1")
    expect(watched.page.locator(".replay")).to_contain_text("could still be drawn")
    found = violations(watched)
    watched.set_number("top_k", "40")
    assert found == []


def test_the_waterfall_and_the_draws(watched: Watched) -> None:
    """Both pictures beside the usual one."""
    watched.page.click("text=Draw 1,000 ×")
    expect(watched.page.locator(".plot .legend")).to_contain_text("drawn 1,000 times")
    found = violations(watched)
    watched.page.click('[data-view="waterfall"]')
    watched.page.wait_for_selector(".waterfall .main-svg")
    found += violations(watched)
    watched.page.click('[data-view="distribution"]')
    assert found == []


def test_the_help_of_every_sampler(watched: Watched) -> None:
    """Each opened, the added ones too."""
    for _ in range(watched.page.locator("select.add option").count() - 1):
        watched.page.select_option("select.add", index=1)
    asks = watched.page.locator(".sampler .ask[aria-expanded]:visible")
    for place in range(asks.count()):
        asks.nth(place).click()
    assert violations(watched) == []


def test_a_chat_that_goes_on(watched: Watched) -> None:
    """Its turns, its scored prompt, the tree of texts and a stop text."""
    page = watched.page
    page.get_by_label("Chat", exact=True).click()
    watched.write(6)
    page.get_by_role("button", name="Reply …").click()
    expect(page.locator("#prompt textarea")).to_have_value("")  # or what is typed before that is taken out again
    page.fill("#prompt textarea", "And then?")
    watched.write(6)
    page.get_by_role("button", name="Score the prompt").click()
    page.wait_for_selector(".tok.p.scored")
    page.locator(".tree summary").click()
    page.locator('#chain .listing[data-knob="stop"] button').click()
    found = violations(watched)
    page.get_by_role("button", name="Undo").click()
    page.get_by_label("Completion", exact=True).click()
    assert found == []


def test_a_chat_and_a_refusal(watched: Watched) -> None:
    """The marked box and the sentence about it."""
    watched.page.get_by_label("Chat", exact=True).click()
    watched.set_number("top_p", "7")
    expect(watched.page.locator(".notice")).to_contain_text("Top-p is 7")
    found = violations(watched)
    watched.set_number("top_p", "0.9")
    watched.page.get_by_label("Completion", exact=True).click()
    assert found == []


def test_the_models(watched: Watched) -> None:
    """With the numbers to load one with."""
    watched.page.goto(watched.url + "#models")
    watched.page.locator("#models details").first.click()
    expect(watched.page.locator("#models .fields").first).to_be_visible()
    found = violations(watched)
    watched.page.goto(watched.url + "#explore")
    assert found == []
