"""Links, what a browser keeps, and examples, in a real Chromium on the real SmolLM2."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser import CHROMIUM, RunningApp, Watched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Request

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")

SEED = "#seed textarea, #seed input"
BOXES = {"system": "#system textarea", "prompt": "#prompt textarea", "seed": SEED, "length": "#length input"}
SET = {
    "v": 1,
    "model": "smollm2-135m-instruct",
    "mode": "chat",
    "system": "You answer with one word.",
    "history": [{"role": "user", "content": "Hi \n"}, {"role": "assistant", "content": "Да."}],
    "prompt": "Столица Франции?\n“Paris” 😀",
    "chain": {"order": ["top_k", "temperature", "xtc"], "top_k": 5, "temperature": 0.7, "xtc": 0.5},
    "seed": 7,
    "max_new_tokens": 9,
    "view": "waterfall",
    "color": "entropy",
    "token": 2,
}
NO_STORAGE = """
for (const name of ["localStorage", "sessionStorage"])
  Object.defineProperty(window, name, { get() { throw new DOMException("denied", "SecurityError"); } });
"""
FULL_STORAGE = "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };"
START = {
    "model": "SmolLM2 135M Instruct (Q4_1)",
    "mode": "completion",
    "system": "",
    "prompt": "The secret to a successful life is",
    "seed": "42",
    "length": "64",
    "chain": {"order": "transformers", "temperature": 0.8, "top_k": 40, "top_p": 0.9},
    "view": "distribution",
    "color": "surprisal",
}
REFUSED = re.compile(
    "^(Not everything in this link holds here|The link holds no|The link is longer|The settings are of)"
)
FORGOTTEN = """
sessionStorage.playground = JSON.stringify({ ...JSON.parse(sessionStorage.playground ?? "{}"), run: "gone" });
"""
LINK_WHILE_BUSY = """(hash) => {
  setTimeout(() => { location.hash = hash; }, 0);
  document.dispatchEvent(new CustomEvent("playground:settings"));
  for (const end = performance.now() + 1000; performance.now() < end;); // both are due now, and then comes hashchange
}"""
NO_CLIPBOARD = "Object.defineProperty(navigator, 'clipboard', { value: undefined });"
NO_COPY = NO_CLIPBOARD + "document.execCommand = () => false;"


class Visitors:
    """Opens pages for people with a browser of their own each, and sees that none of them complained."""

    def __init__(self, browser: Browser, app: RunningApp) -> None:
        """Begin with nobody."""
        self.opened: list[Watched] = []
        self._browser, self._app = browser, app

    def visit(self, fragment: str = "", *, script: str = "") -> Watched:
        """Open the page in a fresh browser."""
        context = self._browser.new_context(permissions=["clipboard-read", "clipboard-write"])
        self.opened.append(Watched(context, self._app.url, fragment=fragment, script=script))
        return self.opened[-1]


@pytest.fixture
def visitors(browser: Browser, app: RunningApp) -> Iterator[Visitors]:
    """Open pages; afterwards nothing was complained of and nothing was asked for elsewhere."""
    people = Visitors(browser, app)
    yield people
    for watched in people.opened:
        watched.page.context.close()
    assert [watched.errors + watched.foreign for watched in people.opened] == [[]] * len(people.opened)


def link(state: object) -> str:
    """Return the end of an address that holds a state; bytes as they are."""
    data = state if isinstance(state, bytes) else json.dumps(state).encode()
    return "#explore/" + base64.urlsafe_b64encode(data).decode().rstrip("=")


def shows(watched: Watched) -> dict[str, Any]:
    """Return what stands on the page, read off its controls."""
    page = watched.page
    return {name: page.input_value(selector) for name, selector in BOXES.items()} | {
        "model": page.input_value("#model input"),
        "mode": page.locator("#mode input:checked").get_attribute("value"),
        "chain": json.loads(page.evaluate("window.playground.chain")),
        "view": page.locator('[role="tab"][aria-selected="true"]').get_attribute("data-view"),
        "color": page.input_value(".scale select"),
    }


def fill_in(watched: Watched) -> None:
    """Set everything to something else than it starts with."""
    watched.page.get_by_label("Chat", exact=True).click()
    watched.page.fill(BOXES["system"], "You count.")
    watched.page.fill(BOXES["prompt"], "One, two")
    watched.page.fill(SEED, "99")
    watched.page.fill(BOXES["length"], "6")
    watched.page.select_option(".presets select", "llama.cpp")
    watched.set_number("top_k", "11")


def copied(watched: Watched, button: str, says: str) -> str:
    """Press a button and return what is in the clipboard."""
    watched.page.click(button)
    expect(watched.page.locator(".notice")).to_have_text(says)
    return str(watched.page.evaluate("navigator.clipboard.readText()"))


def ended(watched: Watched) -> str:
    """Wait for the end of a text and return it."""
    watched.page.wait_for_selector('.strip[data-running="false"]')
    return "".join(watched.page.locator(".tok[data-position]").all_text_contents())


def test_a_link_fills_everything_in_and_writes_nothing(visitors: Visitors) -> None:
    """Model, mode, both prompts, chain with order, seed, length and picture stand there; Write sends just these."""
    watched = visitors.visit()
    asked: list[str] = []
    watched.page.on("request", lambda request: asked.append(request.url))
    watched.page.goto(watched.url + link(SET))  # the page is open: the same without loading it anew
    expect(watched.page.locator(BOXES["prompt"])).to_have_value(str(SET["prompt"]))
    fresh = visitors.visit(link(SET))
    fresh.page.wait_for_selector(".waterfall .annotation-text")
    for each in (watched, fresh):
        assert shows(each) == {
            "model": "SmolLM2 135M Instruct (Q4_1)",
            "mode": "chat",
            "system": SET["system"],
            "prompt": SET["prompt"],
            "seed": "7",
            "length": "9",
            "chain": SET["chain"],
            "view": "waterfall",
            "color": "entropy",
        }
        cards = [node.get_attribute("data-key") for node in each.page.query_selector_all(".sampler")]
        assert [key for key in cards if key in SET["chain"]] == SET["chain"]["order"]  # type: ignore[operator,index]
        expect(each.page.locator(BOXES["system"])).to_be_visible()
        expect(each.page.locator(".strip")).to_be_hidden()
        expect(each.page.locator(".notice")).to_have_text("")
    assert not [url for url in asked if "/runs/" in url]


def test_a_link_gives_the_same_text_again(visitors: Visitors) -> None:
    """After Write the address is the link; somebody else presses Write and gets the same, with the token selected."""
    first = visitors.visit()
    fill_in(first)
    text = first.write(6)
    first.page.click('.tok[data-position="2"]')
    expect(first.page.locator(".plot h2")).to_contain_text("Token 3")
    address = copied(first, "#copy-link", "The link is copied.")
    assert first.page.url == address

    second = visitors.visit(address.removeprefix(first.url))
    assert shows(second) == shows(first)
    second.page.click("#write")
    assert ended(second) == text
    expect(second.page.locator(".tok.sel")).to_have_attribute("data-position", "2")
    expect(second.page.locator(".plot h2")).to_contain_text("Token 3: drawn from this")
    assert second.page.url == address


def test_write_names_its_settings_in_the_address_and_a_change_takes_them_out(visitors: Visitors) -> None:
    """An address never holds other settings than the page shows; sliders do not write into it."""
    watched = visitors.visit()
    watched.write(2)
    watched.page.wait_for_url("**/#explore/*")
    length = watched.page.evaluate("history.length")
    watched.set_number("top_k", "3")
    watched.page.wait_for_url(lambda url: "#" not in url)
    assert watched.page.evaluate("history.length") == length


HOSTILE = [
    "#explore/",
    "#explore/<img src=x onerror=alert(1)>",
    "#explore/${alert(1)}",
    "#explore/%00%ff",
    "#explore/" + "a" * 1_000_000,
    "#explore/../../../etc/passwd",
    "#javascript:alert(1)",
    link(b"\xff\xfe"),
    link(b"[" * 20_000),
    link(b'{"v": 1, "__proto__": {"v": 1, "polluted": true}, "constructor": {"prototype": {"polluted": true}}}'),
    link({"v": 1, "model": "<img src=x onerror=alert(1)>", "prompt": {"toString": "x"}, "mode": "${alert(1)}"}),
    link({"v": 1, "chain": {"temperature": "</script><script>alert(1)</script>", "<b>": 1, "top_p": 9}}),
    link(b'{"v": 1, "seed": NaN, "max_new_tokens": Infinity, "token": -1e400, "view": "__proto__"}'),
    link({"v": 2}),
]


@pytest.mark.parametrize("fragment", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_link_leaves_the_page_as_it_starts(visitors: Visitors, fragment: str) -> None:
    """Nothing of it runs, a sentence says that it was refused, and the page looks as without it."""
    watched = visitors.visit(fragment)
    state = shows(watched)
    refused = fragment not in {"#explore/", "#javascript:alert(1)"}
    expect(watched.page.locator(".notice")).to_have_text(REFUSED if refused else "")
    assert state | {"chain": START["chain"]} == START
    assert state["chain"] in (START["chain"], {"order": "transformers"})
    assert watched.page.evaluate("[{}.polluted, document.querySelectorAll('.notice *').length]") == [None, 0]


def test_a_page_opened_by_a_hostile_link_works(visitors: Visitors) -> None:
    """The sentence stays in sight until somebody does something; the next text is written."""
    watched = visitors.visit(link({"v": 1, "model": "<img src=x onerror=alert(1)>", "seed": 8}))
    expect(watched.page.locator(".notice")).to_contain_text("has no model “<img src=x onerror=alert(1)>”")
    assert watched.page.input_value(SEED) == "8"
    assert len(watched.write(3)) > 0
    expect(watched.page.locator(".notice")).to_have_text("")


def test_another_link_into_an_open_page_can_be_undone(visitors: Visitors) -> None:
    """What was typed comes back by Undo, and the link by Undo again; one that cannot be read changes nothing."""
    watched = visitors.visit()
    fill_in(watched)
    typed = shows(watched)
    watched.page.evaluate("(hash) => { location.hash = hash; }", link(SET))
    expect(watched.page.locator(BOXES["prompt"])).to_have_value(str(SET["prompt"]))
    linked = shows(watched)
    watched.page.click("#undo")
    expect(watched.page.locator(BOXES["prompt"])).to_have_value("One, two")
    assert shows(watched) == typed
    watched.page.click("#undo")
    expect(watched.page.locator(BOXES["prompt"])).to_have_value(str(SET["prompt"]))
    assert shows(watched) == linked
    watched.page.evaluate("location.hash = '#explore/broken'")
    expect(watched.page.locator(".notice")).to_contain_text("The link holds no settings.")
    assert shows(watched) == linked


def test_a_link_opened_while_the_page_settles_is_not_lost(visitors: Visitors) -> None:
    """An old link is taken out of the address a moment after a change, but never one that waits to be read."""
    watched = visitors.visit()
    watched.page.fill(SEED, "99")
    expect(watched.page.locator(".draw").first).to_contain_text("seed 99 gives")
    watched.page.evaluate(LINK_WHILE_BUSY, link(SET))
    expect(watched.page.locator(SEED)).to_have_value("7")


def test_settings_are_copied_as_json(visitors: Visitors) -> None:
    """The text holds model, prompt and the flat form of the settings, in full."""
    watched = visitors.visit(link(SET))
    text = copied(watched, "#copy-settings", "The settings are copied.")
    assert json.loads(text) == {
        "model": SET["model"],
        "mode": "chat",
        "system": SET["system"],
        "history": SET["history"],
        "prompt": SET["prompt"],
        "settings": SET["chain"] | {"seed": 7, "max_new_tokens": 9, "stop": []},  # type: ignore[operator]
    }


def test_what_a_run_would_refuse_is_not_copied(visitors: Visitors) -> None:
    """The sentence is that of a run, and the control is marked."""
    watched = visitors.visit()
    watched.set_number("top_p", "1.5")
    for button in ("#copy-link", "#copy-settings"):
        watched.page.click(button)
        expect(watched.page.locator(".notice")).to_contain_text(
            "Nothing is copied: Top-p is 1.5; it must lie in [0, 1]."
        )
        expect(watched.page.locator(".bad")).to_have_attribute("data-key", "top_p")
    assert "#" not in watched.page.url


def test_a_prompt_that_is_too_long_for_a_link_is_said_so(visitors: Visitors) -> None:
    """Its settings can be copied still."""
    watched = visitors.visit()
    watched.page.fill(BOXES["prompt"], "word " * 6_000)
    watched.page.click("#copy-link")
    expect(watched.page.locator(".notice")).to_contain_text("the link would be longer than 32,768 characters")
    assert len(json.loads(copied(watched, "#copy-settings", "The settings are copied."))["prompt"]) == 30_000


def test_without_a_clipboard_the_old_way_copies(visitors: Visitors) -> None:
    """As on a page that is served to a network without https."""
    watched = visitors.visit(script=NO_CLIPBOARD)
    watched.page.click("#copy-link")
    expect(watched.page.locator(".notice")).to_have_text("The link is copied.")
    watched.page.fill(BOXES["prompt"], "")
    watched.page.focus(BOXES["prompt"])
    watched.page.keyboard.press("Control+V")
    assert watched.page.input_value(BOXES["prompt"]).startswith(watched.url + "/#explore/")


def test_where_no_page_may_copy_the_text_lies_selected(visitors: Visitors) -> None:
    """A dialog shows the whole link; Escape closes it and the page goes on."""
    watched = visitors.visit(script=NO_COPY)
    watched.page.click("#copy-link")
    box = watched.page.locator("dialog textarea")
    expect(box).to_be_visible()
    assert box.input_value() == watched.page.url
    assert watched.page.evaluate("getSelection().toString() === document.querySelector('dialog textarea').value")
    watched.page.keyboard.press("Escape")
    expect(box).to_have_count(0)


def test_a_reload_keeps_settings_text_and_token(visitors: Visitors) -> None:
    """All controls, the written text, its selected token and the picture stand as they were, and nothing is written."""
    watched = visitors.visit()
    fill_in(watched)
    watched.page.get_by_role("tab", name="Waterfall").click()
    text = watched.write(6)
    watched.page.click('.tok[data-position="3"]')
    expect(watched.page.locator(".plot h2")).to_contain_text("Token 4")
    watched.set_number("min_p", "0.2")
    before = shows(watched)
    asked: list[Request] = []
    watched.page.on("request", lambda request: asked.append(request))  # noqa: PLW0108 (playwright marks the function)
    watched.page.reload()
    assert ended(watched) == text
    expect(watched.page.locator(".plot h2")).to_contain_text("Token 4: drawn from this")
    expect(watched.page.locator(".tok.sel")).to_have_attribute("data-position", "3")
    assert shows(watched) == before
    joined = [json.loads(request.post_data or "")["data"] for request in asked if "/queue/join" in request.url]
    assert [len(data) for data in joined] == [7]  # one look, which has no length


def test_a_reload_in_the_middle_of_a_text_keeps_what_was_written(visitors: Visitors) -> None:
    """The run ends with the page that asked for it; its tokens stand there again."""
    watched = visitors.visit()
    watched.begin_long()
    watched.page.wait_for_selector('.tok[data-position="3"]')
    watched.page.reload()
    ended(watched)
    expect(watched.page.locator(".stats")).to_contain_text("stopped at token")
    assert watched.page.locator(".tok[data-position]").count() > 3
    watched.errors = [line for line in watched.errors if "AbortError" not in line and "errored out" not in line]


def test_a_text_that_is_gone_is_said_so_without_an_error(visitors: Visitors) -> None:
    """A muted sentence stands where it stood."""
    watched = visitors.visit()
    watched.write(2)
    watched.page.add_init_script(FORGOTTEN)
    watched.page.reload()
    expect(watched.page.locator(".empty").first).to_contain_text("is no longer kept. Write it again")
    expect(watched.page.locator(".notice")).to_have_text("")


def test_a_new_tab_starts_with_the_settings_of_the_last_and_without_its_text(visitors: Visitors) -> None:
    """A link that is opened there comes before what the browser kept."""
    first = visitors.visit()
    fill_in(first)
    first.write(2)
    second = Watched(first.page.context, first.url)
    assert shows(second) == shows(first)
    expect(second.page.locator(".strip")).to_be_hidden()
    third = Watched(first.page.context, first.url, fragment=link(SET))
    assert shows(third)["prompt"] == SET["prompt"]
    assert second.errors + third.errors == []


@pytest.mark.parametrize("script", [NO_STORAGE, FULL_STORAGE], ids=["denied", "full"])
def test_without_storage_the_page_works(visitors: Visitors, script: str) -> None:
    """It writes, copies links, and begins anew in the next tab."""
    watched = visitors.visit(script=script)
    watched.page.fill(BOXES["prompt"], "One, two")
    assert len(watched.write(2)) > 0
    assert "#explore/" in copied(watched, "#copy-link", "The link is copied.")
    again = Watched(watched.page.context, watched.url, script=script)
    assert again.page.input_value(BOXES["prompt"]) == "The secret to a successful life is"
    assert again.errors == []


@pytest.mark.parametrize(
    "kept", ["5", "{", '{"state": 5, "run": {}}', '{"state": {"v": 1, "model": "<b>", "prompt": "Kept"}}']
)
def test_nonsense_in_the_storage_is_checked_like_a_link(visitors: Visitors, kept: str) -> None:
    """The page starts, and takes over what holds."""
    watched = visitors.visit(script=f"sessionStorage.playground ??= {json.dumps(kept)};")
    expected = "Kept" if "Kept" in kept else "The secret to a successful life is"
    assert watched.page.input_value(BOXES["prompt"]) == expected
    assert len(watched.write(2)) > 0


def test_reset_brings_everything_back_and_undo_undoes_it(visitors: Visitors) -> None:
    """The text stays."""
    watched = visitors.visit()
    fill_in(watched)
    text = watched.write(6)
    typed = shows(watched)
    watched.page.click("#reset")
    expect(watched.page.locator(BOXES["prompt"])).to_have_value(str(START["prompt"]))
    assert shows(watched) == START
    assert watched.page.locator(".presets select").input_value() == "balanced"
    assert ended(watched) == text
    watched.page.click("#undo")
    expect(watched.page.locator(BOXES["prompt"])).to_have_value("One, two")
    assert shows(watched) == typed


def test_an_example_fills_the_prompt_and_what_was_typed_comes_back(visitors: Visitors) -> None:
    """Mode, system prompt and prompt change and nothing else; two examples later one's own text is still there."""
    watched = visitors.visit()
    watched.page.fill(BOXES["prompt"], "My own words")
    watched.set_number("top_k", "3")
    before = shows(watched)
    select = watched.page.get_by_label("Examples …", exact=True)
    select.select_option("storyteller")
    expect(watched.page.locator(BOXES["system"])).to_have_value(re.compile("storyteller"))
    story = shows(watched)
    assert story["mode"] == "chat"
    select.select_option("json")
    expect(watched.page.locator(BOXES["system"])).to_have_value(re.compile("strict JSON only"))
    machine = shows(watched)
    assert machine == story | {"system": machine["system"]}
    assert story == before | {name: story[name] for name in ("mode", "system", "prompt")}
    expect(watched.page.locator(".strip")).to_be_hidden()
    select.select_option("back")
    expect(watched.page.locator(BOXES["prompt"])).to_have_value("My own words")
    assert shows(watched) == before


def test_an_example_is_looked_at_at_once(visitors: Visitors) -> None:
    """The picture is that of the example, in its own script."""
    watched = visitors.visit()
    watched.page.get_by_label("Examples …", exact=True).select_option("verse")
    expect(watched.page.locator(".plot h2")).to_contain_text("явилась ты")


def test_the_models_view_and_a_link_live_in_one_address(visitors: Visitors) -> None:
    """Going to the models and back leaves the settings of the link, and the link."""
    watched = visitors.visit(link(SET))
    address = watched.page.url
    watched.page.click('a[data-view="models"]')
    expect(watched.page.locator("#write")).to_be_hidden()
    watched.page.go_back()
    expect(watched.page.locator("#write")).to_be_visible()
    assert watched.page.url == address
    assert shows(watched)["prompt"] == SET["prompt"]
    expect(watched.page.locator("#undo")).to_be_hidden()


def test_the_buttons_fit_a_phone(visitors: Visitors) -> None:
    """At 390 px nothing scrolls sideways, with all buttons there and with the dialog open."""
    watched = visitors.visit(script=NO_COPY)
    watched.page.set_viewport_size({"width": 390, "height": 844})
    watched.page.click("#reset")
    expect(watched.page.locator("#undo")).to_be_visible()
    watched.page.click("#copy-settings")
    expect(watched.page.locator("dialog textarea")).to_be_visible()
    box = watched.page.locator("dialog").bounding_box()
    assert box
    assert 16 <= box["x"] < box["x"] + box["width"] <= 390 - 16
    assert watched.page.evaluate("document.documentElement.scrollWidth") == 390
