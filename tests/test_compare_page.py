"""The view of comparisons: panes that write side by side on a real model, and whatever one may do with them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from PIL import Image
from playwright.sync_api import expect

from playground.ui.russian import RUSSIAN
from playground.ui.text import ENGLISH
from tests.browser import Watched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Locator

    from tests.browser import RunningApp

OVER = ".compare-view[data-running=false]"
SVGS = 3  # that plotly draws a figure with
PIXELS = 2  # of a picture's file, for each of the page
PARTS, DRAWN = (194, 65, 12), (234, 88, 12)  # colors of a picture


@pytest.fixture
def visit(browser: Browser, app: RunningApp) -> Iterator[Callable[..., Watched]]:
    """Open pages at the view of comparisons; afterwards nothing was complained of and nothing came from elsewhere."""
    pages: list[Watched] = []

    def opened(path: str = "") -> Watched:
        watched = Watched(browser.new_context(reduced_motion="reduce"), app.url, fragment=path)
        watched.page.locator('.views a[href="#compare"]').click()
        pages.append(watched)
        return watched

    yield opened
    for watched in pages:
        watched.page.context.close()
        assert (watched.errors, watched.foreign) == ([], [])


def write(watched: Watched, tokens: int = 12) -> None:
    """Press Write all and wait for the end of all texts and for the numbers."""
    watched.page.fill("#length input", str(tokens))
    watched.page.keyboard.press("Tab")
    with watched.page.expect_response(re.compile("/summary")):
        watched.page.click("#write-all")
        watched.page.wait_for_selector(OVER)


def whole_picture(watched: Watched, folder: Path) -> Image.Image:
    """Save the comparison as one picture, and open it."""
    with watched.page.expect_download() as download:
        watched.page.click('[data-name="compare.png"]')
    download.value.save_as(folder / "compare.png")
    return Image.open(folder / "compare.png").convert("RGB")


def pane(watched: Watched, letter: str) -> Locator:
    """Return a pane."""
    return watched.page.locator(f'.pane[data-pane="{"ABCD".index(letter)}"]')


def text(watched: Watched, letter: str) -> str:
    """Return what a pane has written."""
    return "".join(pane(watched, letter).locator("[data-position]").all_text_contents())


def rows(watched: Watched) -> list[list[str]]:
    """Return the table's cells."""
    found = watched.page.locator(".compare-table tbody tr")
    return [row.locator("th, td").all_text_contents() for row in found.all()]


def test_two_temperatures_part_and_show_what_each_drew_from(visit: Callable[..., Watched]) -> None:
    """At first two temperatures; where the texts part, every pane shows its distribution; a click moves all."""
    watched = visit()
    expect(pane(watched, "A").locator(".pane-chip.differs")).to_have_text("Temperature 0.3")
    expect(pane(watched, "B").locator(".pane-chip.differs")).to_have_text("Temperature 1")
    expect(pane(watched, "C")).to_be_hidden()
    write(watched)
    assert text(watched, "A") != text(watched, "B")
    expect(watched.page.locator(".compare-parted")).to_contain_text("The texts part at A: token")
    expect(pane(watched, "A").locator(".tok.parts.sel")).to_have_count(1)
    expect(pane(watched, "B").locator(".pane-picture .main-svg").first).to_be_visible()
    pane(watched, "B").locator('[data-position="5"]').click()
    expect(pane(watched, "A").locator(".tok.sel")).to_have_attribute("data-position", "5")
    expect(pane(watched, "A").locator(".pane-picture .settings")).to_contain_text("What pane A drew from")
    found = rows(watched)
    assert [row[0] for row in found] == ["A", "B"]
    assert [row[2] for row in found] == ["temperature 0.3", "temperature 1.0"]
    assert [row[3] for row in found] == ["12", "12"]


def test_panes_of_one_setting_write_one_text(visit: Callable[..., Watched]) -> None:
    """Common luck: nothing differs, to the last token; with luck of their own the seeds are counted on."""
    watched = visit()
    watched.page.select_option("#compare-count", "3")
    for letter in "BC":
        pane(watched, letter).get_by_role("button", name=f"Settings, {letter}").click()
        expect(watched.page.locator(".compare-editing")).to_have_text(f"The chain below is that of pane {letter}.")
        watched.set_number("temperature", "0.3")
    write(watched)
    assert text(watched, "A") == text(watched, "B") == text(watched, "C") != ""
    expect(watched.page.locator(".compare-parted")).to_have_text("All texts are the same.")
    watched.page.select_option("#compare-luck", "own")
    write(watched)
    assert [row[2] for row in rows(watched)] == ["seed 42", "seed 43", "seed 44"]


def test_a_slider_changes_one_pane_and_its_picture(visit: Callable[..., Watched]) -> None:
    """The side shows the edited pane's chain, and gives Explore its own back."""
    watched = visit()
    write(watched)
    pane(watched, "B").get_by_role("button", name="Settings, B").click()
    expect(watched.page.locator('.sampler[data-key="temperature"] .number >> nth=0')).to_have_value("1")
    watched.set_number("top_k", "1")
    expect(pane(watched, "B").locator(".pane-picture .settings")).to_contain_text("would draw from")
    expect(pane(watched, "B").locator(".pane-picture .settings")).to_contain_text("can be drawn 1 of 49,152")
    expect(pane(watched, "A").locator(".pane-picture .settings")).to_contain_text("What pane A drew from")
    expect(watched.page.locator(".compare-go .settings")).to_contain_text("Settings were changed")
    watched.page.get_by_role("link", name="Explore", exact=True).click()
    expect(watched.page.locator('.sampler[data-key="top_k"] .number >> nth=0')).to_have_value("40")
    expect(watched.page.locator('.sampler[data-key="temperature"] .number >> nth=0')).to_have_value("0.8")


def test_a_reload_keeps_panes_and_texts(visit: Callable[..., Watched]) -> None:
    """The settings of all panes, the texts and their numbers."""
    watched = visit()
    watched.page.select_option("#compare-preset", "methods")
    write(watched)
    before = [text(watched, letter) for letter in "ABC"], rows(watched)
    watched.page.reload()
    watched.page.wait_for_selector(".compare-table tbody tr")
    assert ([text(watched, letter) for letter in "ABC"], rows(watched)) == before
    expect(watched.page.locator("#compare-preset")).to_have_value("methods")
    expect(pane(watched, "C").locator(".pane-chip").filter(has_text="Top-p")).to_have_text("Top-p 0.9")


def test_two_models_are_compared_over_the_whole_vocabulary(visit: Callable[..., Watched]) -> None:
    """The same weights under two libraries: hardly apart, and each text under each model."""
    watched = visit()
    watched.page.select_option("#compare-preset", "models")
    write(watched)
    watched.page.get_by_text("How far apart along one text").click()
    watched.page.wait_for_selector("details[data-ready=true] .main-svg")
    area = "document.querySelector('details[open] .compare-figure').data.find(({ name }) => name === 'raw js_bits').y"
    apart = watched.page.evaluate(area)
    assert len(apart) == 12
    assert 0 < max(apart) < 0.01
    watched.page.get_by_text("Each text under each model").click()
    expect(watched.page.locator("details[open] .main-svg")).to_have_count(2 * SVGS)
    matrix = watched.page.evaluate(
        "[...document.querySelectorAll('details[open] .compare-figure')].at(-1).data[0].text"
    )
    assert [len(row) for row in matrix] == [2, 2]


def test_a_blind_vote_hides_which_is_which(visit: Callable[..., Watched], tmp_path: Path) -> None:
    """Numbers instead of letters, no settings; the vote is kept with both texts and shows everything again."""
    watched = visit()
    watched.page.check("#compare-blind")
    write(watched)
    assert sorted(watched.page.locator(".pane:visible .badge").all_text_contents()) == ["1", "2"]
    for hidden in (".pane-chips", ".compare-table", ".pane-model", ".pane-picture"):
        expect(watched.page.locator(f"{hidden} >> nth=0")).to_be_hidden()
    watched.page.locator(".compare-choices button").first.click()
    expect(watched.page.locator(".compare-vote [role=status]")).to_contain_text("You voted: ")
    assert watched.page.locator(".pane:visible .badge").all_text_contents() == ["A", "B"]
    expect(watched.page.locator(".compare-table")).to_be_visible()
    with watched.page.expect_download() as download:
        watched.page.get_by_text("Votes as JSON lines").click()
    download.value.save_as(tmp_path / "votes.jsonl")
    [line] = (tmp_path / "votes.jsonl").read_text(encoding="utf-8").splitlines()
    vote = json.loads(line)
    assert watched.page.locator(".compare-vote [role=status]").text_content() == f"You voted: {vote['choice']}."
    assert vote["blind"] is True
    assert [item["settings"]["temperature"] for item in vote["panes"]] == [0.3, 1.0]
    assert all(item["text"] for item in vote["panes"])


def test_who_has_seen_the_names_does_not_vote_blind(visit: Callable[..., Watched]) -> None:
    """Neither with a second vote, nor where the box is ticked behind the texts."""
    watched = visit()
    write(watched)
    watched.page.check("#compare-blind")
    for choice in ("A", "tie"):
        watched.page.locator(f".compare-choices [data-choice={choice}]").click()
        expect(watched.page.locator(".compare-vote [role=status]")).to_contain_text(choice)
    address = watched.page.locator(".compare-vote a").get_attribute("href")
    votes = watched.page.request.get(f"{watched.page.url.split('#')[0].rstrip('/')}{address}").text().splitlines()
    assert [json.loads(vote)["blind"] for vote in votes] == [False, False]


def test_the_page_of_html_opens_without_a_network(
    visit: Callable[..., Watched], browser: Browser, tmp_path: Path
) -> None:
    """With the same texts, the same table and pictures that answer to a click."""
    watched = visit()
    write(watched)
    with watched.page.expect_download() as download:
        watched.page.click('[data-name="compare.html"]')
    download.value.save_as(tmp_path / "compare.html")
    alone = browser.new_context(offline=True).new_page()
    complaints: list[str] = []
    alone.on("console", lambda line: complaints.append(line.text))
    alone.on("pageerror", lambda error: complaints.append(str(error)))
    alone.goto((tmp_path / "compare.html").as_uri())
    found = [row.locator("td").all_text_contents() for row in alone.locator("tbody tr").all()]
    assert found == rows(watched)
    assert "".join(alone.locator('.tok[data-pane="1"]').all_text_contents()) == text(watched, "B")
    alone.locator('.tok[data-pane="0"] >> nth=3').click()
    expect(alone.locator("#picture-1 .main-svg").first).to_be_visible()
    expect(alone.locator("[data-figure] .main-svg")).to_have_count(2 * SVGS)
    assert complaints == []
    alone.context.close()


def test_one_picture_holds_all_that_is_shown(visit: Callable[..., Watched], tmp_path: Path) -> None:
    """Each pane's half has the mark where the texts part and the token that was drawn; what is open stands below."""
    watched = visit()
    write(watched)
    expect(watched.page.locator(".compare-figure .main-svg").first).to_be_visible()
    first = whole_picture(watched, tmp_path)
    half = first.width // 2
    for left in (0, half):
        shown = np.asarray(first)[:, left : left + half]  # (height, width, 3)
        assert (shown == PARTS).all(axis=-1).sum() > 100, "no mark where the texts part"
        assert (shown == DRAWN).all(axis=-1).sum() > 1000, "no bar of the token that was drawn"
    watched.page.locator(".compare-numbers summary").last.click()
    matrix = watched.page.locator(".compare-numbers details").last
    expect(matrix.locator(".main-svg").first).to_be_visible()
    high = matrix.locator(".main-svg").first.bounding_box()
    second = whole_picture(watched, tmp_path)
    assert high
    assert second.height - first.height > PIXELS * high["height"]
    assert (first.width, second.width) == (PIXELS * 1280, PIXELS * 1280)


def test_a_picture_that_no_browser_can_draw_is_refused(visit: Callable[..., Watched]) -> None:
    """With its height and what holds all of it."""
    watched = visit()
    watched.page.fill("#prompt textarea", "a\n" * 400)
    write(watched, 2)
    watched.page.click('[data-name="compare.png"]')
    expect(watched.page.locator(".notice")).to_contain_text("8,000 is the most; HTML holds all of it")


def test_a_chat_goes_on_in_all_panes(visit: Callable[..., Watched]) -> None:
    """Each answer becomes a turn of its own pane."""
    watched = visit()
    watched.page.get_by_text("Chat", exact=True).click()
    watched.page.fill("#prompt textarea", "Name a color.")
    write(watched, 6)
    watched.page.get_by_role("button", name="Reply in all panes").click()
    expect(pane(watched, "B").locator(".pane-chip").first).to_have_text("2 turns before")
    expect(watched.page.locator("#prompt textarea")).to_have_value("")
    watched.page.fill("#prompt textarea", "Another one?")
    write(watched, 6)
    asked = "".join(pane(watched, "B").locator(".tok.p").all_text_contents())
    assert "Name a color." in asked
    assert asked.index("Another one?") > asked.index("Name a color.")
    watched.page.fill("#prompt textarea", "And a third?")
    watched.page.get_by_role("button", name="Reply in all panes").click()
    expect(pane(watched, "B").locator(".pane-chip").first).to_have_text("4 turns before")
    expect(watched.page.locator("#prompt textarea")).to_have_value("And a third?")


def test_stop_ends_one_pane_or_all(visit: Callable[..., Watched]) -> None:
    """The others go on; what was written stays."""
    watched = visit()
    watched.page.fill("#prompt textarea", ", ".join(map(str, range(1, 17))) + ",")
    watched.page.fill("#length input", "1500")
    watched.page.keyboard.press("Tab")
    watched.page.click("#write-all")
    expect(pane(watched, "B").locator("[data-position]").nth(3)).to_be_visible()
    pane(watched, "A").get_by_role("button", name="Stop pane A").click()
    expect(pane(watched, "A")).to_have_attribute("data-running", "false")
    expect(pane(watched, "B")).to_have_attribute("data-running", "true")
    watched.page.click("#stop-all")
    watched.page.wait_for_selector(OVER)
    expect(watched.page.locator(".compare-table tbody tr")).to_have_count(2)
    counts = [pane(watched, letter).locator("[data-position]").count() for letter in "AB"]
    assert [row[5] for row in rows(watched)] == [f"stopped at token {count}" for count in counts]


def test_nonsense_in_a_pane_is_said_there(visit: Callable[..., Watched]) -> None:
    """The other pane writes; the next try works."""
    watched = visit()
    pane(watched, "B").get_by_role("button", name="Settings, B").click()
    watched.set_number("temperature", "-3")
    write(watched)
    expect(pane(watched, "B").locator(".pane-status")).to_contain_text("emperature is -3")
    assert len(text(watched, "A")) > 10
    watched.set_number("temperature", "1")
    write(watched)
    assert len(text(watched, "B")) > 10


def test_the_view_speaks_russian(visit: Callable[..., Watched]) -> None:
    """All of it but what the model says."""
    watched = visit("/ru/")
    watched.page.set_viewport_size({"width": 390, "height": 800})
    write(watched)
    expect(watched.page.locator(".compare-parted")).to_contain_text("Тексты расходятся: A — токен")
    expect(watched.page.locator(".compare-numbers h2").first).to_have_text(RUSSIAN["compare_summary"])
    assert watched.page.evaluate("document.documentElement.scrollWidth") == 390


def test_nothing_stands_in_the_way_of_anyone(visit: Callable[..., Watched]) -> None:
    """No violation of WCAG that axe finds, in light and in dark."""
    watched = visit()
    write(watched)
    for _ in "ld":
        found = Axe().run(watched.page, context=".compare-view")
        assert found.violations_count == 0, found.generate_report()
        watched.page.click("#theme")


def test_a_saved_comparison_opens_in_the_view(visit: Callable[..., Watched], tmp_path: Path) -> None:
    """Dropped into another page: the same texts, the same panes."""
    watched = visit()
    watched.page.select_option("#compare-preset", "methods")
    write(watched)
    with watched.page.expect_download() as download:
        watched.page.click('[data-name="compare.json"]')
    download.value.save_as(tmp_path / "compare.json")
    other = visit()
    other.page.set_input_files("#compare input[type=file]", tmp_path / "compare.json")
    other.page.wait_for_selector(".compare-table tbody tr")
    assert [text(other, letter) for letter in "ABC"] == [text(watched, letter) for letter in "ABC"]
    expect(pane(other, "C").locator(".pane-chip").filter(has_text="Top-p")).to_have_text("Top-p 0.9")
    write(other)
    assert [text(other, letter) for letter in "ABC"] == [text(watched, letter) for letter in "ABC"]


def test_a_link_fills_in_every_pane(visit: Callable[..., Watched], app: RunningApp) -> None:
    """Prompt, seed, length, panes and luck; nothing is written by opening it."""
    watched = visit()
    watched.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    watched.page.select_option("#compare-preset", "methods")
    watched.page.select_option("#compare-luck", "own")
    watched.page.fill("#prompt textarea", "Two roads diverged")
    watched.page.fill("#length input", "9")
    watched.page.keyboard.press("Tab")
    watched.page.locator(".compare-go").get_by_text("Copy link").click()
    expect(watched.page.locator(".notice")).to_contain_text("Link copied")
    link = watched.page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(f"{app.url}/#compare/")
    other = visit()
    other.page.goto(link)
    expect(other.page.locator("#prompt textarea")).to_have_value("Two roads diverged")
    expect(other.page.locator("#length input")).to_have_value("9")
    expect(other.page.locator("#compare-luck")).to_have_value("own")
    expect(pane(other, "A").locator(".pane-chip").filter(has_text="Temperature")).to_have_text("Temperature 0")
    expect(pane(other, "C").locator(".pane-chip").filter(has_text="Top-p")).to_have_text("Top-p 0.9")
    expect(other.page.locator('.sampler[data-key="temperature"] .number >> nth=0')).to_have_value("0")
    expect(other.page.locator(".compare-over")).to_be_hidden()
    assert other.page.evaluate("location.hash") == "#compare"


def test_the_view_has_a_tour_of_its_own(visit: Callable[..., Watched]) -> None:
    """Three steps, each with a ring around what it speaks of."""
    watched = visit()
    watched.page.click("#tour")
    rings = ("compare-form", "compare-panes", "empty")
    for number, ring in enumerate(rings, start=1):
        expect(watched.page.locator(".tour")).to_contain_text(f"{number} of 3: {ENGLISH[f'tour_compare_{number}']}")
        expect(watched.page.locator(".toured")).to_have_class(re.compile(ring))
        watched.page.keyboard.press("ArrowRight")


def test_fewer_panes_leave_nothing_of_more(visit: Callable[..., Watched]) -> None:
    """Three texts, then two, then a third pane again: it is empty until it has written, and its slider asks nothing."""
    watched = visit()
    watched.page.select_option("#compare-preset", "methods")
    write(watched, 6)
    assert text(watched, "C") != ""
    watched.page.select_option("#compare-preset", "temperatures_two")
    write(watched, 6)
    watched.page.select_option("#compare-count", "3")
    expect(pane(watched, "C")).to_be_visible()
    assert text(watched, "C") == ""
    pane(watched, "C").get_by_role("button", name="Settings, C").click()
    watched.set_number("top_k", "1")
    expect(pane(watched, "C").locator(".pane-chip").filter(has_text="Top-k")).to_have_text("Top-k 1")
    write(watched, 6)
    assert text(watched, "C") != ""


def test_a_page_that_begins_at_the_view_is_ready(browser: Browser, app: RunningApp) -> None:
    """With two temperatures of the settings that a new page has, whichever view comes first."""
    page = browser.new_context().new_page()
    page.goto(f"{app.url}/#compare")
    expect(page.locator('.pane[data-pane="1"] .pane-chip.differs')).to_have_text("Temperature 1")
    expect(page.locator('.pane[data-pane="2"]')).to_be_hidden()
    page.get_by_role("link", name="Explore", exact=True).click()
    expect(page.locator('.sampler[data-key="temperature"] .number >> nth=0')).to_have_value("0.8")
    page.context.close()
