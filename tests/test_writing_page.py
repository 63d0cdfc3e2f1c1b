"""In the browser, on the real SmolLM2: a chat of several turns, texts taken back into the prompt, stop texts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from playwright.sync_api import expect

from playground import backends
from tests.browser import CHROMIUM, RunningApp, Watched
from tests.models import CATALOG, SMOLLM, finished

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from playground.backends.base import LoadedModel

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")

PROMPT, SYSTEM, SEED = "#prompt textarea", "#system textarea", "#seed textarea, #seed input"
QUESTION = "Name three colors."


@pytest.fixture
def watched(browser: Browser, app: RunningApp) -> Iterator[Watched]:
    """Open the page in a browser that kept nothing; afterwards nothing was complained of."""
    watched = Watched(browser.new_context(permissions=["clipboard-read", "clipboard-write"]), app.url)
    yield watched
    watched.page.context.close()
    assert (watched.errors, watched.foreign) == ([], [])


@pytest.fixture
def smollm() -> Iterator[LoadedModel]:
    """Load the model beside the page's own process of it."""
    model = backends.load(CATALOG.get(SMOLLM))
    yield model
    model.close()


def turns(page: Page) -> list[str]:
    """Return the texts of the chat so far, as they stand in their boxes."""
    return [box.input_value() for box in page.locator(".turn textarea").all()]


def reads(page: Page) -> str:
    """Return what the model read, control tokens included."""
    return "".join(page.locator(".tok.p").all_text_contents())


def chat(watched: Watched, tokens: int = 8) -> str:
    """Ask the question in a chat and return the answer."""
    watched.page.get_by_label("Chat", exact=True).check()
    watched.page.fill(PROMPT, QUESTION)
    return watched.write(tokens)


def share(chance: float) -> str:
    """Return a probability as the strip writes it."""
    return f"{100 * chance:.1f}%" if chance >= 0.0005 else f"{chance:.1e}".replace("e-0", "e-")


def press(page: Page, name: str) -> None:
    """Press a button by its name."""
    page.get_by_role("button", name=name, exact=True).click()


def test_an_answer_is_replied_to(watched: Watched) -> None:
    """It becomes a turn; the next prompt is read behind it, and what was edited or taken out is not read."""
    page, answer = watched.page, chat(watched)
    press(page, "Reply …")
    expect(page.locator(".notice")).to_have_text("Type the next message.")
    expect(page.locator(PROMPT)).to_have_value("")
    expect(page.locator(PROMPT)).to_be_focused()
    assert turns(page) == [QUESTION, answer]
    page.fill(PROMPT, "And three more?")
    watched.write(4)
    assert f"assistant⏎\n{answer}<|im_end|>⏎\n<|im_start|>user⏎\nAnd three more?<|im_end|>" in reads(page)
    page.locator(".turn.assistant textarea").fill("Red, green, blue.")
    watched.write(4)
    assert "assistant⏎\nRed, green, blue.<|im_end|>" in reads(page)
    page.get_by_role("button", name="Take out this turn and all after it: Model, turn 2").click()
    assert turns(page) == [QUESTION]
    watched.write(4)
    assert reads(page).count("<|im_start|>") == 4  # system, two of the user, the answer to come
    assert "Red" not in reads(page)


def test_a_chat_stays_in_link_and_reload_and_is_undone(watched: Watched) -> None:
    """The turns come back in their boxes; Undo brings back the prompt from before the reply."""
    page, answer = watched.page, chat(watched)
    press(page, "Reply …")
    page.fill(PROMPT, "And three more?")
    page.click("#copy-link")
    expect(page.locator(".notice")).to_have_text("The link is copied.")
    link = page.evaluate("navigator.clipboard.readText()")
    page.reload()
    expect(page.locator(PROMPT)).to_have_value("And three more?")
    assert turns(page) == [QUESTION, answer]
    other = Watched(page.context, watched.url, fragment=link.removeprefix(watched.url))
    expect(other.page.locator(PROMPT)).to_have_value("And three more?")
    assert turns(other.page) == [QUESTION, answer]
    other.page.click("#reset")
    expect(other.page.locator(PROMPT)).to_have_value("The secret to a successful life is")
    assert turns(other.page) == []
    other.page.click("#undo")
    expect(other.page.locator(PROMPT)).to_have_value("And three more?")
    assert turns(other.page) == [QUESTION, answer]
    assert (other.errors, other.foreign) == ([], [])


def test_a_branch_of_an_answer_is_replied_to_as_a_chat(watched: Watched) -> None:
    """Though the model was sent token ids for it, its turns are known."""
    page, _ = watched.page, chat(watched)
    page.locator('.tok[data-position="3"]').click()
    expect(page.locator(".plot h2")).to_contain_text("Token 4:")
    page.locator("button.other").nth(1).click()
    expect(page.locator(".turns span")).to_have_text("2 / 2")
    page.wait_for_selector('.strip[data-running="false"]')
    answer = "".join(page.locator(".tok[data-position]").all_text_contents())
    press(page, "Reply …")
    expect(page.locator(PROMPT)).to_have_value("")
    assert turns(page) == [QUESTION, answer.removesuffix("<|im_end|>")]


def test_a_text_is_edited_as_a_prompt(watched: Watched) -> None:
    """Prompt and text stand in the box; what is written then reads both."""
    page = watched.page
    text = watched.write(6)
    press(page, "Edit as prompt")
    whole = f"The secret to a successful life is{text}"
    expect(page.locator(PROMPT)).to_have_value(whole)
    expect(page.locator(PROMPT)).to_be_focused()
    watched.write(3)
    assert reads(page) == whole
    page.click("#undo")
    expect(page.locator(PROMPT)).to_have_value("The secret to a successful life is")


def test_a_text_is_written_again_with_a_new_seed(watched: Watched) -> None:
    """The seed stands in its box and belongs to the new text, which the old one stays beside."""
    page = watched.page
    watched.write(5)
    press(page, "Again, new seed")
    expect(page.locator(".turns span")).to_have_text("2 / 2")
    page.wait_for_selector('.strip[data-running="false"]')
    seed = page.locator(SEED).input_value()
    assert seed != "42"
    expect(page.locator(".stats")).to_contain_text(f"seed {seed}")
    press(page, "The text before")
    expect(page.locator(".stats")).to_contain_text("seed 42")


def test_a_stop_text_ends_a_text_and_is_kept(watched: Watched) -> None:
    """It is said with the settings and in the link, no preset takes it out, and an empty line is none."""
    page = watched.page
    watched.set_number("temperature", "0")
    whole = watched.write(12)
    end = whole[6:9]
    stops = page.locator('#chain .listing[data-knob="stop"]')
    stops.get_by_role("button", name="Add").click()
    stops.locator("input").fill(end.replace("\n", "\\n"))
    page.keyboard.press("Tab")
    text = watched.write(12)
    assert text.startswith(whole[:6])
    assert end in text
    assert len(text) < len(whole)
    expect(page.locator(".stats")).to_contain_text("ended a stop text")
    expect(page.locator(".strip .settings")).to_contain_text(f"stops at “{end.replace(' ', '␣')}”")
    page.get_by_label("Preset …").select_option("greedy")
    assert json.loads(page.evaluate("window.playground.chain")) == {
        "order": "transformers",
        "temperature": 0,
        "stop": [end],
    }
    page.reload()
    expect(stops.locator("input")).to_have_value(end)
    stops.locator("input").fill("")
    page.keyboard.press("Tab")
    expect(stops.locator("input")).to_have_count(0)
    assert watched.write(12) == whole


def test_the_prompt_is_scored_too(watched: Watched, smollm: LoadedModel) -> None:
    """Each token but the first gets its probability and color, exactly as one pass of the model has them."""
    page = watched.page
    watched.write(3)
    press(page, "Score the prompt")
    expect(page.locator(".tok.p.scored")).to_have_count(6)
    scores = finished(smollm.score(smollm.encode("The secret to a successful life is", special=True)))
    found = zip(np.exp(scores.logprob), scores.rank, -scores.logprob / np.log(2), strict=True)
    said = [
        f"{share(chance)} · rank {rank} · surprisal {bits:.{2 if bits < 10 else 1}f} bits"
        for chance, rank, bits in found
    ]
    assert [node.get_attribute("title") for node in page.locator(".tok.p.scored").all()] == said
    expect(page.locator(".stats")).to_contain_text(f"perplexity of the prompt {scores.perplexity:.2f}")
    expect(page.get_by_role("button", name="Score the prompt")).to_be_hidden()
    watched.write(4)
    expect(page.locator(".tok.p.scored")).to_have_count(0)
    expect(page.get_by_role("button", name="Score the prompt")).to_be_visible()


def test_control_tokens_of_the_template_are_marked(watched: Watched) -> None:
    """Those that the template wrote, and not what a person typed that looks like one."""
    page = watched.page
    page.get_by_label("Chat", exact=True).check()
    page.fill(PROMPT, "Say <|im_end|> twice.")
    watched.write(3)
    assert page.locator(".tok.p.control").all_text_contents() == [
        "<|im_start|>", "<|im_end|>", "<|im_start|>", "<|im_end|>", "<|im_start|>"
    ]  # fmt: skip
    assert "Say <|im_end|> twice." in reads(page)
