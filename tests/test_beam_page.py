"""The view of beams: a tree that grows on a real model, and whatever one may do with it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import expect

from playground.ui.russian import RUSSIAN
from playground.ui.text import ENGLISH
from tests.browser import Watched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Route

    from tests.browser import RunningApp

OVER = ".beam-view [data-running=false]"
ASKED: dict[str, Any] = {
    "model": "toy", "mode": "completion", "system": "", "prompt": "Then the cat", "chain": {}, "seed": "42",
    "max_new_tokens": 4, "beams": {},
}  # fmt: skip


@pytest.fixture
def visit(browser: Browser, app: RunningApp) -> Iterator[Callable[..., Watched]]:
    """Open pages at the view of beams; afterwards nothing was complained of and nothing came from elsewhere."""
    pages: list[Watched] = []

    def opened(path: str = "") -> Watched:
        watched = Watched(browser.new_context(reduced_motion="reduce"), app.url, fragment=path)
        watched.page.get_by_role("link", name="Beams" if not path else RUSSIAN["view_beams"], exact=True).click()
        pages.append(watched)
        return watched

    yield opened
    for watched in pages:
        watched.page.context.close()
        assert (watched.errors, watched.foreign) == ([], [])


def search(watched: Watched, tokens: int = 8) -> None:
    """Press Search and wait for its end and for its picture."""
    watched.page.fill("#length input", str(tokens))
    watched.page.keyboard.press("Tab")
    watched.page.click("#search")
    expect(watched.page.locator("#search")).to_be_enabled()  # it is not from the click to the end
    expect(watched.page.locator(".beam-table tbody tr").first).to_be_visible()
    watched.page.wait_for_selector(".beam-frame .main-svg")


def texts(watched: Watched) -> list[str]:
    """Return the found texts in the order of the table."""
    return watched.page.locator(".beam-table td.text").all_text_contents()


def test_a_tree_grows_on_a_real_model(visit: Callable[..., Watched]) -> None:
    """It is drawn while it grows; at its end the texts stand below, the best first."""
    watched = visit()
    expect(watched.page.locator("#strip")).to_be_hidden()
    search(watched, 40)
    drawn = int(watched.page.locator(".beam-view [data-drawn]").get_attribute("data-drawn") or 0)
    assert drawn >= 3
    expect(watched.page.locator(".beam-status")).to_contain_text("Steps: 40.")
    expect(watched.page.locator(".beam-view h2").first).to_contain_text("after “… secret to a successful life is”")
    shown = watched.page.locator(".beam-table td:nth-child(2)").all_text_contents()
    scores = [float(text.replace("−", "-")) for text in shown]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) >= 3
    plot = "document.querySelector('.beam-frame .js-plotly-plot')"
    said = f"{plot}.data.flatMap(({{ text }}) => text ?? []).filter(Boolean).length"
    expect(watched.page.locator(".beam-frame .textpoint text")).to_have_count(watched.page.evaluate(said))
    expect(watched.page.locator(".beam-go .settings")).to_contain_text("it leaves out: Temperature, Top-k, Top-p")


def test_a_click_shows_what_a_token_was_taken_from(visit: Callable[..., Watched]) -> None:
    """The text that leads there, and the distribution before its last token."""
    watched = visit()
    search(watched)
    expect(watched.page.locator("#plot .card")).to_be_hidden()
    watched.page.locator(".beam-frame .points path").nth(3).click(force=True)
    expect(watched.page.locator(".beam-branch .tok.sel")).to_be_visible()
    expect(watched.page.locator(".beam-told").nth(1)).to_contain_text("logprob of the model −")
    expect(watched.page.locator("#plot h2")).to_contain_text("of a beam: what could have stood there, after")
    token = watched.page.locator(".beam-branch .tok.sel").inner_text()
    expect(watched.page.locator(".plot .draw").first).to_contain_text(f"“{token}” stands there in the tree")
    expect(watched.page.locator("#plot .legend")).to_contain_text("stands there")
    expect(watched.page.locator("#plot .dart")).to_be_hidden()
    expect(watched.page.locator("#plot .figure .main-svg").first).to_be_visible()


def test_the_pointer_is_told_of_a_mark_beside_the_tree(visit: Callable[..., Watched]) -> None:
    """With all numbers, on a card that covers no lane; it goes with the pointer. Markup in a token is text."""
    watched = visit()
    search(watched)
    card, frame = watched.page.locator(".beam-tip"), watched.page.locator(".beam-frame")
    watched.page.locator(".beam-frame .points path").nth(3).hover(force=True)
    expect(card).to_contain_text("logprob of the model −")
    expect(card).to_contain_text("place ")
    expect(watched.page.locator(".beam-ring")).to_be_visible()
    below, tree = card.bounding_box(), frame.bounding_box()
    assert below
    assert tree
    assert below["y"] >= tree["y"] + tree["height"] or below["y"] + below["height"] <= tree["y"]
    expect(watched.page.locator(".beam-frame .hovertext")).to_have_count(0)
    watched.page.locator(".beam-view h2").first.hover()
    expect(card).to_be_hidden()


def test_greedy_is_laid_over_the_tree(visit: Callable[..., Watched]) -> None:
    """A sentence compares its score; without it the tree is as before."""
    watched = visit()
    search(watched)
    lines = watched.page.locator(".beam-frame .scatterlayer .trace")
    before = lines.count()
    watched.page.check("[data-kind=greedy]")
    expect(watched.page.locator(".beam-compared")).to_contain_text("Greedy writes “")
    expect(lines).to_have_count(before + 1)
    watched.page.uncheck("[data-kind=greedy]")
    expect(watched.page.locator(".beam-compared")).to_be_empty()


def test_another_length_penalty_ranks_at_once(visit: Callable[..., Watched]) -> None:
    """No new search; a sentence says how one would have gone."""
    watched = visit()
    search(watched)
    ranked = watched.page.locator(".beam-table td:nth-child(2)")
    before = ranked.all_text_contents()
    watched.page.fill(".card-head .beam-knob .number", "0")
    watched.page.keyboard.press("Tab")
    expect(ranked.first).not_to_have_text(before[0])
    sums = watched.page.locator(".beam-table td:nth-child(4)").all_text_contents()
    assert ranked.all_text_contents() == sums
    expect(watched.page.locator(".beam-view [role=status]").last).to_contain_text(
        "With length penalty 0 the search would have"
    )


def test_a_length_penalty_that_is_none_is_refused(visit: Callable[..., Watched]) -> None:
    """With a sentence; the table stays."""
    watched = visit()
    search(watched, 3)
    found = texts(watched)
    watched.page.fill(".card-head .beam-knob .number", "hello")
    watched.page.keyboard.press("Tab")
    expect(watched.page.locator(".notice")).to_contain_text("Length penalty is hello; it must be a number.")
    expect(watched.page.locator(".bad")).to_have_count(1)
    expect(watched.page.locator(".beam-texts .bad .number")).to_have_attribute("aria-invalid", "true")
    clear = "() => { scrollTo(0, 1e6); const bottom = (name) => document.querySelector(name).getBoundingClientRect(); "
    clear += "return bottom('.playground').bottom <= bottom('.notice').top; }"
    watched.page.wait_for_function(clear)
    assert texts(watched) == found


def test_all_wrong_boxes_are_named_and_marked(visit: Callable[..., Watched]) -> None:
    """Each until somebody types there; the sentence stays until the last one."""
    watched = visit()
    boxes = [watched.page.locator(f"[data-key={name}] .number") for name in ("num_beams", "length_penalty")]
    for box in boxes:
        box.fill("99")
    watched.page.click("#search")
    notice = watched.page.locator(".notice")
    expect(notice).to_contain_text("Beams is 99; it must lie in [1, 16].")
    expect(notice).to_contain_text("Length penalty is 99; it must lie in [-5, 5].")
    expect(watched.page.locator(".beam-form .bad")).to_have_count(2)
    boxes[0].fill("3")
    expect(watched.page.locator(".beam-form .bad")).to_have_count(1)
    expect(notice).to_be_visible()
    boxes[1].fill("1")
    expect(notice).to_be_hidden()


def test_a_search_that_never_begins_leaves_the_last_one(visit: Callable[..., Watched]) -> None:
    """An empty prompt is told; tree, texts and heading are those of the search before."""
    watched = visit()
    search(watched, 3)
    found = texts(watched)
    watched.page.fill("#prompt textarea", "")
    watched.page.click("#search")
    expect(watched.page.locator(".notice")).to_contain_text("The prompt is empty. Type a prompt first.")
    expect(watched.page.locator("#search")).to_be_enabled()
    assert texts(watched) == found
    expect(watched.page.locator(".beam-status")).to_contain_text("Steps: 3.")
    expect(watched.page.locator(".beam-frame")).to_be_visible()


def test_until_a_search_has_a_tree_the_one_before_cannot_be_pressed(visit: Callable[..., Watched]) -> None:
    """Neither its tree nor its texts are seen under the heading of the new one; at the first step there is a tree."""
    watched = visit()
    search(watched, 3)
    held: list[Route] = []
    watched.page.route("**/follow?*", lambda route: held.append(route))  # noqa: PLW0108 (playwright marks what it is given)
    watched.page.click("#search")
    for part in (".beam-frame", ".beam-texts", ".beam-view .legend-row"):
        expect(watched.page.locator(part)).to_be_hidden()
    held[0].continue_()
    expect(watched.page.locator(".beam-frame")).to_be_visible()
    expect(watched.page.locator(".beam-texts")).to_be_visible()


def test_an_answer_about_the_search_before_is_dropped(visit: Callable[..., Watched]) -> None:
    """A mark of the first tree was pressed; its text and its picture do not come to stand below the second one."""
    watched = visit()
    search(watched, 3)
    held: list[Route] = []
    watched.page.route("**/place", lambda route: held.append(route))  # noqa: PLW0108 (playwright marks what it is given)
    watched.page.locator(".beam-frame .points path").nth(3).click(force=True)
    search(watched, 4)
    with watched.page.expect_response("**/place"):
        held[0].continue_()
    watched.page.evaluate("fetch('/healthz').then((answer) => answer.text())")
    expect(watched.page.locator(".beam-branch")).to_be_hidden()
    expect(watched.page.locator("#plot")).to_be_hidden()


def test_stop_keeps_the_tree(visit: Callable[..., Watched]) -> None:
    """What was running stands in the table as stopped."""
    watched = visit()
    watched.page.fill("#length input", "1000")
    watched.page.keyboard.press("Tab")
    watched.page.click("#search")
    watched.page.wait_for_selector(".beam-frame .main-svg")
    watched.page.click("#stop-search")
    expect(watched.page.locator(OVER)).to_be_visible()
    expect(watched.page.locator(".beam-status")).to_contain_text("The search was stopped")
    expect(watched.page.locator(".beam-table tbody")).to_contain_text("by Stop")
    search(watched, 3)


def test_the_view_has_a_tour_of_its_own(visit: Callable[..., Watched]) -> None:
    """Three steps, each with its place framed; where nothing was searched, the sentence that says so; it stays here."""
    watched = visit()
    page, panel = watched.page, watched.page.locator(".tour")
    for places in (("beam-form", "empty", "empty"), ("beam-form", "beam-tree", "beam-texts")):
        page.click("#tour")
        for number, place in enumerate(places, start=1):
            expect(panel).to_contain_text(f"{number} of 3: {ENGLISH[f'tour_beams_{number}']}")
            expect(page.locator(f".{place}.toured")).to_be_in_viewport()
            page.keyboard.press("ArrowRight")
        panel.get_by_role("button", name="Done").click()
        expect(page.locator("#beam")).to_be_visible()
        search(watched, 3)
    page.click("#tour")
    page.get_by_role("link", name="Explore", exact=True).click()
    expect(panel).to_be_hidden()
    page.get_by_role("link", name="Models", exact=True).click()
    page.click("#tour")
    expect(panel).to_contain_text("1 of 5")
    expect(page.locator("#prompt.toured")).to_be_in_viewport()


def test_a_refused_setting_is_marked_and_nothing_is_lost(visit: Callable[..., Watched]) -> None:
    """The tree stays, the sentence says what is allowed, and the next search works."""
    watched = visit()
    search(watched)
    found = texts(watched)
    box = watched.page.locator("[data-key=num_beams] .number")
    box.fill("17")
    watched.page.click("#search")
    expect(watched.page.locator(".notice")).to_contain_text("Beams is 17; it must lie in [1, 16]. 1 is greedy.")
    expect(watched.page.locator("[data-key=num_beams]")).to_have_class("row beam-knob bad")
    assert texts(watched) == found
    box.fill("2")
    watched.page.fill("[data-key=num_return_sequences] .number", "2")
    search(watched)
    assert len(texts(watched)) >= 2


def test_a_reload_shows_the_search_and_its_settings_again(visit: Callable[..., Watched]) -> None:
    """The same tree, from the server; the settings from the browser."""
    watched = visit()
    watched.page.fill("[data-key=num_beams] .number", "4")
    search(watched)
    found = texts(watched)
    watched.page.reload()
    expect(watched.page.locator(".beam-table td.text")).to_have_count(len(found))
    assert texts(watched) == found
    expect(watched.page.locator(".beam-frame .points path").first).to_be_visible()
    expect(watched.page.locator("[data-key=num_beams] .number")).to_have_value("4")


def test_a_reload_shows_what_was_done_with_a_search(visit: Callable[..., Watched]) -> None:
    """The ranking, the path with its sentence, the place that was clicked, what was left out; it stands at its end."""
    watched = visit()
    search(watched, 40)
    page = watched.page
    page.locator(".beam-frame .points path").nth(-2).click(force=True)  # the end of the best text; behind it the prompt
    expect(page.locator("#plot h2")).to_contain_text("Token 40 of a beam")
    page.check("[data-kind=greedy]")
    expect(page.locator(".beam-compared p")).to_have_count(1)
    page.fill(".beam-texts .number", "0")
    page.keyboard.press("Tab")
    expect(page.locator(".beam-texts [role=status]")).to_contain_text("With length penalty 0")
    parts = (".beam-go .settings", ".beam-compared", ".beam-texts", ".beam-branch", "#plot h2")
    before = [page.locator(part).text_content() or "" for part in parts]
    right = "Math.round(document.querySelector('.beam-frame').scrollLeft)"
    stood = page.evaluate(right)
    assert stood > 0
    page.reload()
    for part, text in zip(parts, before, strict=True):
        assert text
        expect(page.locator(part)).to_have_text(text)
    expect(page.locator("[data-kind=greedy]")).to_be_checked()
    assert page.evaluate(right) == stood
    expect(page.locator(".beam-old")).to_be_empty()
    page.fill("#length input", "39")
    page.keyboard.press("Tab")
    expect(page.locator(".beam-old")).not_to_be_empty()


def test_large_type_makes_the_tree_larger_than_other_text(visit: Callable[..., Watched]) -> None:
    """Since its tokens are smaller; its marks are still found by the pointer."""
    watched = visit()
    search(watched, 3)
    height = "document.querySelector('.beam-frame .textpoint text').getBoundingClientRect().height"
    small = watched.page.evaluate(height)
    watched.page.click("#projector")
    watched.page.wait_for_function(f"{height} > {1.5 * small}")
    watched.page.locator(".beam-frame .points path").nth(3).hover(force=True)
    expect(watched.page.locator(".beam-tip")).to_contain_text("logprob of the model −")


def test_a_tree_of_other_settings_is_marked(visit: Callable[..., Watched]) -> None:
    """As soon as a setting moves that has a part in it, until it is moved back; one that has none marks nothing."""
    watched = visit()
    search(watched, 3)
    old = watched.page.locator(".beam-old")
    expect(old).to_be_empty()
    watched.set_number("temperature", "1.5")
    watched.page.fill("[data-key=num_beams] .number", "4")
    watched.page.keyboard.press("Tab")
    expect(old).to_contain_text("this tree is that of the settings named here")
    watched.page.fill("[data-key=num_beams] .number", "3")
    watched.page.keyboard.press("Tab")
    expect(old).to_be_empty()
    watched.page.fill("#prompt textarea", "Something else")
    expect(old).to_contain_text("something else is set by now")
    search(watched, 3)
    expect(old).to_be_empty()


def test_the_tree_leaves_as_picture_table_and_json(visit: Callable[..., Watched]) -> None:
    """Each with the settings in it."""
    watched = visit()
    search(watched, 4)
    saved, names = {}, set()
    for kind in ("svg", "csv", "json"):
        with watched.page.expect_download() as download:
            watched.page.locator(".beam-view select.save").select_option(kind)
        saved[kind] = download.value.path().read_text(encoding="utf-8")
        names.add(download.value.suggested_filename.removesuffix(f".{kind}"))
    assert len(names) == 1
    assert len(names.pop()) == len("beams-") + 8
    assert "num_beams 3" in saved["svg"]
    assert "so many more were considered" in saved["svg"]
    assert saved["csv"].splitlines()[0].endswith("model,length_penalty,settings")
    flat = json.loads(saved["json"])
    assert (flat["params"]["num_beams"], flat["steps"][-1]["end"]) == (3, "length")
    assert [len(row) for step in flat["steps"] for row in step["continuations"]] == [len(flat["columns"])] * sum(
        len(step["continuations"]) for step in flat["steps"]
    )


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_view_is_accessible(visit: Callable[..., Watched], *, dark: bool) -> None:
    """axe-core finds nothing, on a desk and on a phone, where nothing scrolls sideways but the tree in its frame."""
    watched = visit()
    watched.page.evaluate("(dark) => document.body.classList.toggle('dark', dark)", dark)
    search(watched)
    watched.page.locator(".beam-frame .points path").nth(3).click(force=True)
    expect(watched.page.locator(".beam-branch .tok.sel")).to_be_visible()
    options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}
    assert Axe().run(watched.page, context=".beam-view", options=options).response["violations"] == []
    watched.page.set_viewport_size({"width": 390, "height": 844})
    assert watched.page.evaluate("document.documentElement.scrollWidth") == 390
    text = watched.page.locator(".beam-table td.text").first.bounding_box()
    assert text
    assert text["x"] + text["width"] <= 390  # the score beside it, all else to the right


def test_the_russian_view_searches(visit: Callable[..., Watched]) -> None:
    """And says so in Russian."""
    watched = visit("/ru/")
    watched.page.fill("#length input", "4")
    watched.page.keyboard.press("Tab")
    watched.page.get_by_role("button", name=RUSSIAN["beam_search"], exact=True).click()
    expect(watched.page.locator(".beam-status")).to_contain_text(RUSSIAN["beams_end_length"])


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"beams": None}, "The settings of the search are missing."),
        ({"beams": {"num_beam": 2}}, "The settings of the search are missing."),
        ({"beams": {"num_beams": 0}}, "Beams is 0; it must lie in [1, 16]."),
        ({"beams": {"num_beams": "4"}}, "Beams is 4; it must be a number."),
        ({"beams": {"early_stopping": "soon"}}, "Early stopping is soon; it must be true, false or “never”."),
        ({"beams": {"num_beam_groups": 2}}, "Beam groups is 2; 3 beams cannot be split into 2 equal groups."),
        (
            {"chain": {"temperature": 0}, "beams": {"sample": True}},
            "Temperature is 0, which leaves each beam one",
        ),
        ({"chain": {"mirostat": 5}, "beams": {"sample": True}}, "Mirostat follows one text"),
        ({"model": "nobody"}, "models.yaml has no model “nobody”"),
        ({"max_new_tokens": 0}, "New tokens, at most, is 0; it must"),
        ({"max_new_tokens": 0, "beams": {"num_beams": 0}}, "[1, 1,000,000]. Beams is 0; it must lie in [1, 16]."),
    ],
)
def test_what_cannot_begin_is_refused(app: RunningApp, asked: dict[str, Any], says: str) -> None:
    """With a sentence, before the model is asked."""
    answer = app.http.post("/playground/beams", json=ASKED | asked)
    assert answer.status_code == 400
    assert says in answer.json()["text"]


def test_what_the_model_refuses_is_told_by_the_search(app: RunningApp) -> None:
    """An empty prompt is found out where it is read."""
    begun = app.http.post("/playground/beams", json=ASKED | {"prompt": ""}).json()["search"]
    lines = [line for line in app.http.get(f"/searches/{begun}/follow").text.splitlines() if line.startswith("data: ")]
    told = json.loads(lines[-1].removeprefix("data: "))
    assert (told["running"], told["error"]) == (False, "The prompt is empty. Type a prompt first.")
    assert app.http.get(f"/searches/{begun}/texts?length_penalty=1").json() == {"rows": [], "sentence": "", "key": ""}


def test_a_search_that_is_not_kept_is_said(app: RunningApp) -> None:
    """At every address of it."""
    for path in ("follow", "tree", "texts?length_penalty=1", "texts.csv?length_penalty=1", "search.json"):
        answer = app.http.get(f"/searches/nobody/{path}")
        assert (answer.status_code, answer.json()["text"][:31]) == (404, "This search is no longer kept. ")
    for path in ("stop", "place", "paths/greedy"):
        body = {"position": 0, "number": 0, "chain": {}, "seed": "1"}
        assert app.http.post(f"/searches/nobody/{path}", json=body).status_code == 404
