"""The page in a real Chromium, on the real SmolLM2 and on a hostile toy model."""

from __future__ import annotations

import json
import os
import re
import signal
from typing import TYPE_CHECKING

import psutil
import pytest
from playwright.sync_api import expect

from tests.browser import CHROMIUM, LONG_MS, VISITED, RunningApp, Watched

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")

SMOL = "smollm2-135m-instruct"
HOSTILE = [
    "${alert(1)}",
    "<img src=x onerror=alert(1)>",
    "\\x",
    "{{constructor}}",
    "</script><script>alert(1)</script>",
    "`$x$",
]
HALF_EMOJI = ["\udcf0\udc9f", "\udc98\udc80"]  # the two halves of 😀 as lone bytes


def test_the_first_picture_shows_before_and_after(watched: Watched) -> None:
    """Without a click the distribution stands there; kept, removed and tail masses add up to one."""
    figure = watched.figure()
    before = [value for value in figure["before"] if isinstance(value, float)]
    after = [value for value in figure["after"] if isinstance(value, float)]
    assert sum(before) == pytest.approx(1)
    assert sum(after) == pytest.approx(1)
    assert "␣to" in watched.names()
    expect(watched.page.locator(".numbers")).to_contain_text("of 49,152 tokens")


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("temperature", "0", r"^1 of"),
        ("top_k", "3", r"^3 of"),
        ("top_p", "0.3", r"^[123] of"),
        ("repetition_penalty", "1.5", r"^\d+ of"),
    ],
)
def test_each_slider_redraws_the_picture(watched: Watched, key: str, value: str, says: str) -> None:
    """Moving a slider changes the bars and the number of tokens that can be drawn."""
    before = watched.figure()
    slider = watched.page.locator(f'.sampler[data-key="{key}"] input[type=range]').first
    slider.fill(value)
    watched.page.wait_for_function(
        "(old) => JSON.stringify(document.querySelector('.figure').data.map((trace) => trace.x)) !== old",
        arg=json.dumps(list(before.values())),
    )
    expect(watched.page.locator(".numbers dd").nth(1)).to_have_text(re.compile(says))


def test_removed_tokens_keep_their_place_and_name_their_sampler(watched: Watched) -> None:
    """With top-k 3 the fourth token is still the fourth row, hatched, with the sampler's name."""
    names = watched.names()
    watched.set_number("top_p", "1")
    watched.set_number("top_k", "3")
    expect(watched.page.locator(".numbers dd").nth(1)).to_have_text("3 of 49,152 tokens")
    figure = watched.figure()
    assert watched.names()[:6] == names[:6]
    assert [value is None for value in figure["after"][:5]] == [False, False, False, True, True]
    numbers = watched.page.evaluate("document.querySelector('.figure').layout.yaxis2.ticktext")
    assert numbers[4].endswith("top-k")


def test_typing_looks_by_itself(watched: Watched) -> None:
    """After a pause in typing the picture is that of the new prompt."""
    watched.page.fill("#prompt textarea", "The capital of France is")
    expect(watched.page.locator(".plot h2")).to_contain_text("capital of France is")
    assert watched.names()[0] == "␣Paris"


def test_the_same_seed_writes_the_same_text(watched: Watched) -> None:
    """Two runs with one seed agree token for token, another seed does not."""
    first = watched.write()
    assert watched.write() == first
    watched.page.fill("#seed textarea, #seed input", "7")
    assert watched.write() != first
    expect(watched.page.locator(".stats")).to_contain_text("seed 7")


def test_another_seed_draws_another_token_at_once(watched: Watched) -> None:
    """Typing a seed changes the draw under the picture, without Look."""
    expect(watched.page.locator(".draw").first).to_contain_text("seed 42 gives 0.339")
    watched.page.locator("#seed textarea, #seed input").press("End")
    watched.page.locator("#seed textarea, #seed input").press_sequentially("7")
    expect(watched.page.locator(".draw").first).to_contain_text("seed 427 gives")


def test_the_picture_survives_a_resized_window(watched: Watched) -> None:
    """After a run the bars keep their height when the window changes its width."""
    watched.write(2)
    height = watched.page.locator(".figure").first.bounding_box()
    watched.page.set_viewport_size({"width": 1180, "height": 900})
    watched.page.wait_for_function("document.querySelector('.figure')._fullLayout.width < 800")
    resized = watched.page.locator(".figure").first.bounding_box()
    assert height is not None
    assert resized is not None
    assert resized["height"] == height["height"]


def test_a_picked_seed_is_shown_and_can_be_used_again(watched: Watched) -> None:
    """With an empty seed box the app picks one; using it gives the same text again."""
    watched.page.fill("#seed textarea, #seed input", "")
    text = watched.write()
    watched.page.click("text=use this seed")
    assert watched.page.input_value("#seed textarea, #seed input").isdecimal()
    assert watched.write() == text


def test_a_clicked_token_shows_what_it_was_drawn_from(watched: Watched) -> None:
    """Click and arrow keys move the picture along the text; a slider then says what would be drawn there."""
    watched.write()
    watched.page.click('.tok[data-position="3"]')
    expect(watched.page.locator(".plot h2")).to_contain_text("Token 4: drawn from this")
    watched.page.keyboard.press("ArrowRight")
    expect(watched.page.locator(".plot h2")).to_contain_text("Token 5: drawn from this")
    watched.set_number("temperature", "1.9")
    expect(watched.page.locator(".plot h2")).to_contain_text("What if: token 5")
    expect(watched.page.locator(".draw").first).to_contain_text("with these settings and the same luck")


def test_a_slider_during_a_run_acts_on_the_token_that_is_shown(watched: Watched) -> None:
    """The picture stays at that token while the text goes on, and after its end."""
    watched.set_number("temperature", "1.5")
    watched.page.fill("#length input", "60")
    watched.page.click("#write")
    expect(watched.page.locator(".plot h2")).to_contain_text("drawn from this")
    watched.set_number("top_k", "1")
    title = watched.page.locator(".plot h2")
    expect(title).to_contain_text("What if: token")
    shown = title.inner_text()
    watched.page.wait_for_selector('.strip[data-running="false"]')
    expect(watched.page.locator(".plot .numbers")).to_contain_text(re.compile(r"drawn\s*1 of 49,152"))
    assert title.inner_text() == shown
    number = shown.split()[3].strip(",")
    expect(watched.page.locator(".tok.sel")).to_have_attribute("data-position", str(int(number) - 1))


def chain(watched: Watched) -> dict[str, object]:
    """Return the settings that the page would send."""
    return dict(json.loads(watched.page.evaluate("window.playground.chain")))


def cards(watched: Watched) -> list[str | None]:
    """Return the samplers in the order of their cards."""
    return [node.get_attribute("data-key") for node in watched.page.query_selector_all(".sampler")]


def test_a_sampler_is_added_set_and_taken_out(watched: Watched) -> None:
    """XTC comes with its usual number at its place in the order, removes the best tokens, and goes without a trace."""
    before = chain(watched)
    watched.page.select_option("select.add", "xtc")
    watched.set_number("xtc", "1")
    expect(watched.page.locator('.sampler[data-key="xtc"] .does')).to_contain_text("removes 2 tokens")
    assert cards(watched)[-1] == "xtc"
    assert chain(watched) == before | {"xtc": 1}
    expect(watched.page.locator('.sampler[data-key="xtc"] .origin')).to_have_text("set by you")
    watched.page.click('.sampler[data-key="xtc"] [aria-label="Take XTC out"]')
    assert chain(watched) == before
    assert "xtc" not in cards(watched)


def test_a_biased_token_is_named_by_its_text(watched: Watched) -> None:
    """A ban on “ often” takes it out of the distribution; a text of two tokens is refused and says which."""
    watched.page.select_option("select.add", "logit_bias")
    box = watched.page.locator('.sampler[data-key="logit_bias"] .entry input[type="text"]').first
    box.fill(" often")
    watched.page.check('.sampler[data-key="logit_bias"] .entry input[type="checkbox"]')
    expect(watched.page.locator('.sampler[data-key="logit_bias"] .does')).to_contain_text("removes 1 token")
    assert chain(watched)["logit_bias"] == [[" often", False]]
    box.fill(" unsatisfactorily")
    box.press("Tab")
    expect(watched.page.locator(".notice")).to_contain_text("is 3 tokens in this vocabulary")
    expect(watched.page.locator(".bad")).to_have_attribute("data-key", "logit_bias")


def test_the_chain_is_put_in_another_order_by_keyboard_and_by_drag(watched: Watched) -> None:
    """Top-p goes in front of temperature by two keys, then behind it by a drag; the distribution follows."""
    support = watched.page.locator(".plot .numbers dd").nth(1)
    expect(support).to_contain_text("of 49,152")
    kept = support.inner_text()  # 13 or 14 tokens, as the processor rounds
    watched.page.focus('.sampler[data-key="top_p"] .handle')
    watched.page.keyboard.press("ArrowUp")
    watched.page.keyboard.press("ArrowUp")
    assert cards(watched) == ["repetition_penalty", "top_p", "temperature", "top_k", "min_p"]
    assert chain(watched)["order"] == ["top_p", "temperature", "top_k"]
    expect(support).not_to_have_text(kept)
    handle, target = (watched.page.locator(f'.sampler[data-key="{key}"]') for key in ("top_p", "min_p"))
    handle = handle.locator(".handle")
    handle.scroll_into_view_if_needed()
    target.scroll_into_view_if_needed()
    start, end = handle.bounding_box(), target.bounding_box()
    assert start
    assert end
    watched.page.mouse.move(start["x"] + 5, start["y"] + 5)
    watched.page.mouse.down()
    watched.page.mouse.move(start["x"] + 5, end["y"] + 5, steps=12)
    watched.page.mouse.up()
    assert chain(watched)["order"] == ["temperature", "top_k", "top_p"]
    expect(support).to_have_text(kept)
    expect(watched.page.get_by_label("Order", exact=True)).to_have_value("own")


def test_a_preset_sets_everything_and_says_where_it_comes_from(watched: Watched) -> None:
    """Llama.cpp's defaults bring their order; both orders are compared in a sentence; a change is one's own."""
    watched.page.select_option(".presets select", "llama.cpp")
    expected = {"order": "llama.cpp", "temperature": 0.8, "top_k": 40, "top_p": 0.95, "min_p": 0.05}
    assert chain(watched) == expected
    keep = r"These settings keep (\d+) tokens in transformers’ order and (\d+) tokens in llama.cpp’s; they differ on “"
    expect(watched.page.locator(".orders")).to_have_text(re.compile(keep))
    counts = re.search(keep, watched.page.locator(".orders").inner_text())
    assert counts
    assert int(counts[1]) < int(counts[2])  # 9 and 17, as most processors round
    origin = watched.page.locator('.sampler[data-key="min_p"] .origin')
    expect(origin).to_have_text("from llama.cpp's defaults")
    watched.set_number("min_p", "0.1")
    expect(origin).to_have_text("set by you")
    watched.page.click(".presets button")
    assert chain(watched) == {"order": "llama.cpp"}
    expect(watched.page.locator(".plot .numbers")).to_contain_text("49,152 of 49,152 tokens")


def test_a_thousand_draws_lie_over_the_probabilities(watched: Watched) -> None:
    """Each press adds a thousand; a slider begins anew with the probabilities alone."""
    watched.page.get_by_role("button", name="Draw 1,000").click()
    expect(watched.page.locator(".plot .legend")).to_contain_text("drawn 1,000 times")
    watched.page.get_by_role("button", name="1,000 more").click()
    expect(watched.page.locator(".plot .legend")).to_contain_text("drawn 2,000 times")
    assert sum(value for value in watched.figure()["counted"] if isinstance(value, float)) == pytest.approx(1)
    watched.set_number("top_k", "5")
    expect(watched.page.get_by_role("button", name="Draw 1,000")).to_be_visible()
    assert "counted" not in watched.figure()


def test_the_waterfall_shows_each_sampler_and_follows(watched: Watched) -> None:
    """A panel for each sampler; a slider redraws it, a clicked token shows its own, and the distribution comes back."""
    heads = watched.page.locator(".waterfall .annotation-text")
    watched.page.get_by_role("tab", name="Waterfall").click()
    expect(heads.filter(has_text="2 · top-k 40")).to_have_count(1)
    expect(watched.page.locator(".plot .legend")).to_be_hidden()
    watched.set_number("top_k", "3")
    expect(heads.filter(has_text="2 · top-k 3")).to_have_count(1)
    first = "document.querySelector('.waterfall').layout.xaxis.ticktext.join()"
    looked = watched.page.evaluate(first)
    watched.write(4)
    watched.page.click('.tok[data-position="2"]')
    expect(watched.page.locator(".plot h2")).to_contain_text("Token 3: drawn from this")
    watched.page.wait_for_function(f"(before) => {first} !== before", arg=looked)
    expect(watched.page.locator(".waterfall")).to_have_css("visibility", "visible")
    watched.page.get_by_role("tab", name="Distribution").click()
    expect(watched.page.locator(".waterfall")).to_be_hidden()
    expect(watched.page.locator(".plot .legend")).to_be_visible()


def test_a_model_is_loaded_and_unloaded_on_the_models_view(watched: Watched) -> None:
    """The state follows, a wrong number is refused in sight, and the view is a link."""
    watched.page.click('a[data-view="models"]')
    toy = watched.page.locator('#models [data-key="toy"]')
    expect(watched.page.locator(f'#models [data-key="{SMOL}"]')).to_have_attribute("data-state", "up")
    if toy.get_attribute("data-state") != "up":  # another test may have used it
        toy.locator('[data-action="load"]').click()
    expect(toy).to_have_attribute("data-state", "up")
    toy.locator("summary").click()
    toy.locator('[data-option="context_tokens"]').fill("100")
    toy.locator('[data-action="load"]').click()
    expect(watched.page.locator(".notice")).to_contain_text("context_tokens is 100; it must be a whole number in [256")
    expect(watched.page.locator(".notice")).to_be_visible()
    toy.locator('[data-action="unload"]').click()
    expect(toy).to_have_attribute("data-state", "ready")
    watched.page.reload()
    expect(toy).to_be_visible()
    watched.page.go_back()
    expect(watched.page.locator("#write")).to_be_visible()
    expect(toy).to_be_hidden()


def test_stop_keeps_what_was_written(watched: Watched) -> None:
    """Stop ends a run; the text stays and the end is named with its token."""
    watched.begin_long()
    watched.page.wait_for_selector('.tok[data-position="5"]')
    watched.page.click("#stop")
    expect(watched.page.locator('.strip[data-running="false"] .stats')).to_contain_text("ended stopped at token")
    assert watched.page.locator(".tok[data-position]").count() > 5


def test_stop_ends_a_long_prompt_before_its_first_token(watched: Watched) -> None:
    """Stop is honored while the prompt is being read."""
    watched.page.fill("#prompt textarea", "word " * 1900)
    watched.page.click("#write")
    expect(watched.page.locator(".notice")).to_contain_text("Reading the prompt")
    watched.page.click("#stop")
    expect(watched.page.locator('.strip[data-running="false"] .stats')).to_contain_text("ended stopped at token 0")


def test_chat_uses_the_models_own_template(watched: Watched) -> None:
    """A chat with a system prompt is written behind the template's control tokens and ends with the model's own end."""
    watched.page.get_by_label("Chat", exact=True).click()
    watched.page.fill("#system textarea", "You answer with one word.")
    watched.page.fill("#prompt textarea", "What is the capital of France?")
    watched.page.select_option(".presets select", "greedy")
    watched.write(64)
    prompt = "".join(watched.page.locator(".tok.p").all_text_contents())
    assert prompt.startswith("<|im_start|>system⏎\nYou answer with one word.<|im_end|>")
    assert "Paris" in "".join(watched.page.locator(".tok[data-position]").all_text_contents())
    expect(watched.page.locator(".stats")).to_contain_text("end of text")


@pytest.mark.parametrize(
    ("prompt", "sentence"),
    [("   ", "The prompt is empty."), ("word " * 3000, "tokens; this model reads 2,048")],
)
def test_a_bad_prompt_gets_a_sentence_and_nothing_is_lost(watched: Watched, prompt: str, sentence: str) -> None:
    """The prompt stays as typed, the picture stays, and the next run works."""
    title = watched.page.inner_text(".plot h2")
    watched.page.fill("#prompt textarea", prompt)
    watched.page.click("#write")
    expect(watched.page.locator('.notice[data-kind="error"]')).to_contain_text(sentence)
    assert watched.page.input_value("#prompt textarea") == prompt
    assert watched.page.inner_text(".plot h2") == title
    watched.page.fill("#prompt textarea", "Once upon a")
    assert len(watched.write(4)) > 4


def test_a_number_out_of_range_is_refused_not_clamped(watched: Watched) -> None:
    """The typed value stays in its box, which is marked, beside the sentence that says what is allowed."""
    watched.set_number("top_p", "1.5")
    expect(watched.page.locator(".notice")).to_contain_text("Top-p is 1.5; it must lie in [0, 1].")
    expect(watched.page.locator(".bad")).to_have_attribute("data-key", "top_p")
    expect(watched.page.locator("[aria-invalid]")).to_have_value("1.5")
    assert watched.page.input_value('.sampler[data-key="top_p"] .number') == "1.5"
    watched.set_number("top_p", "0.5")
    expect(watched.page.locator(".notice")).to_have_text("")
    expect(watched.page.locator(".bad, [aria-invalid]")).to_have_count(0)


def test_a_killed_model_leaves_page_and_text_and_starts_again(watched: Watched, app: RunningApp) -> None:
    """Kill -9 in the middle of a run: a plain message, the tokens before it, and the next run works."""
    watched.begin_long()
    watched.page.wait_for_selector('.tok[data-position="3"]')
    pid = app.model_pid(SMOL)
    os.kill(pid, signal.SIGKILL)
    expect(watched.page.locator('.notice[data-kind="error"]')).to_contain_text("stopped (signal 9, SIGKILL)")
    expect(watched.page.locator(".stats")).to_contain_text("the model’s process stopped")
    assert watched.page.locator(".tok[data-position]").count() > 3
    assert len(watched.write(4)) > 0
    assert not psutil.pid_exists(pid)
    assert app.model_pid(SMOL) != pid


def test_a_reload_works_while_a_run_writes(watched: Watched) -> None:
    """A page left in the middle of a run frees its place; the new page looks and writes."""
    watched.begin_long()
    watched.page.wait_for_selector('.tok[data-position="3"]')
    watched.page.reload()
    expect(watched.page.locator(".stats")).to_contain_text("stopped at token")
    watched.errors = [
        line for line in watched.errors if "AbortError" not in line and "errored out" not in line
    ]  # gradio's
    assert len(watched.write(4)) > 0


COUNT_FRAMES = """
const native = window.requestAnimationFrame.bind(window);
window.stopwatches = { frames: 0, ticks: 0 };
const counted = (name, next) => (callback, ...more) => {
  window.stopwatches[name] += String(callback).includes("performance.now()-");
  return next(callback, ...more);
};
window.requestAnimationFrame = counted("frames", native);
window.setTimeout = counted("ticks", window.setTimeout.bind(window));
"""


def test_a_page_at_rest_draws_no_frames_for_gradios_stopwatches(browser: Browser, app: RunningApp) -> None:
    """They are there, and tick by a slow timer instead of asking for each frame."""
    page = browser.new_page()
    page.add_init_script(VISITED)
    page.add_init_script(COUNT_FRAMES)
    page.goto(app.url)
    page.wait_for_function("window.stopwatches.ticks > 1", timeout=LONG_MS)
    assert page.evaluate("window.stopwatches.frames") == 0
    page.close()


def test_the_page_fits_a_phone(watched: Watched) -> None:
    """At 390 px nothing scrolls sideways, before and after writing."""
    watched.page.set_viewport_size({"width": 390, "height": 844})
    watched.write(8)
    assert watched.page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.fixture(scope="module")
def hostile_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """Run the page with a toy model that writes what should never be executed."""
    folder: Path = tmp_path_factory.mktemp("hostile")
    pieces = [*HOSTILE, *HALF_EMOJI]
    table = {"": {pieces[0]: 1.0}} | {
        now: {then: 1.0} for now, then in zip(pieces, [*pieces[1:], "<|end|>"], strict=True)
    }
    (folder / "table.json").write_text(json.dumps(table), encoding="utf-8")
    entry = {
        "backend": "toy",
        "source": "path:table.json",
        "context_tokens": 512,
        "title": "<b>${alert(1)}</b>",
        "chat": True,
    }
    (folder / "models.yaml").write_text(json.dumps({"models": {"hostile": entry}}), encoding="utf-8")
    with RunningApp("--models", str(folder / "models.yaml")) as running:
        yield running


def test_hostile_model_text_is_shown_literally(browser: Browser, hostile_app: RunningApp) -> None:
    """Templates, tags, backslashes and half characters from a model appear as text; nothing runs."""
    watched = Watched(browser, hostile_app.url)
    watched.page.select_option(".presets select", "greedy")
    written = watched.write(16)
    for piece in HOSTILE:
        assert piece in written
    assert "▫😀" in written  # a character cut over two tokens stands at the one that completes it
    watched.page.click(f'.tok[data-position="{len(HOSTILE)}"]')
    expect(watched.page.locator(".draw").first).to_contain_text("<F0 9F>")
    watched.page.click('.tok[data-position="1"]')
    expect(watched.page.locator(".plot h2")).to_contain_text("${alert(1)}")
    assert any(name.startswith("<img␣src=x") for name in watched.names())
    assert watched.errors == []
    watched.page.close()


@pytest.mark.parametrize("prompt", [*HOSTILE, "\u202eabc", "a\u200bb", "👩‍👩‍👧‍👦", "é́́"])
def test_hostile_prompts_are_shown_literally(watched: Watched, prompt: str) -> None:
    """The prompt comes back in the title and the strip as typed; nothing runs."""
    watched.page.fill("#prompt textarea", prompt)
    watched.write(2)
    assert watched.page.input_value("#prompt textarea") == prompt
    assert watched.page.locator(".tok.p").count() > 0


def test_a_page_that_begins_at_the_models_shows_them(app: RunningApp, browser: Browser) -> None:
    """By its address: nothing of the other views is there."""
    page = browser.new_page()
    page.goto(f"{app.url}/#models")
    page.wait_for_selector("#models .model >> nth=0")
    expect(page.locator(".playground")).to_be_hidden()
    page.click('[data-view="explore"]')
    expect(page.locator(".playground")).to_be_visible()
    expect(page.locator("#models")).to_be_hidden()
    page.close()


def test_a_model_added_while_the_page_runs_can_be_chosen(browser: Browser, tmp_path: Path) -> None:
    """It is on the models view as soon as models.yaml was read again, and among the models to choose after a reload."""
    entry = {"backend": "toy", "title": "First"}
    (tmp_path / "models.yaml").write_text(json.dumps({"models": {"first": entry}}), encoding="utf-8")
    with RunningApp("--models", str(tmp_path / "models.yaml")) as running:
        watched = Watched(browser, running.url)
        page = watched.page
        more = {"first": entry, "second": entry | {"title": "Second"}}
        (tmp_path / "models.yaml").write_text(json.dumps({"models": more}), encoding="utf-8")
        page.click('[data-view="models"]')
        page.click(".models-head button")
        expect(page.locator('.model[data-key="second"] h2')).to_have_text("Second")
        page.goto(running.url)
        page.wait_for_selector(".plot h2:not(:empty)")
        page.click("#model input")
        page.get_by_role("option", name="Second").click()
        expect(page.locator(".plot .settings")).to_contain_text("second")
        assert watched.write(4)
        assert (watched.errors, watched.foreign) == ([], [])
        page.close()
