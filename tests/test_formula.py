"""The numbers behind a token: the same as the chain's own, and what the page writes of them can be followed by hand."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from playwright.sync_api import expect

from playground.chain import trace_chain
from playground.formula import formula, unpack
from playground.samplers.base import StepContext
from playground.settings import SamplingParams
from playground.stages import stages
from playground.ui.formula import exact, formula_lines
from playground.ui.languages import EN, RU
from tests.browser import CHROMIUM, Watched

if TYPE_CHECKING:
    from playground.chain import Trace

SIX = np.array([3.0, 2.0, 1.0, 0.0, -1.0, -2.0])
SETTINGS = {"repetition_penalty": 2.0, "temperature": 0.5, "top_k": 4, "min_p": 0.05, "presence_penalty": 0.25}
BOX = "details.formula"


def traced(**settings: object) -> Trace:
    """Run a chain over six logits, after a text of the tokens 1 and 4."""
    params = SamplingParams.from_dict(settings)
    return trace_chain(
        SIX, params.chain, StepContext((1, 4), 2, 0, 1), piece=lambda token: b"abcdef"[token : token + 1]
    )


def test_each_probability_is_that_of_the_stages() -> None:
    """After every turn, for every token, to the last bit; and the exponential over its sum gives it again."""
    trace = traced(**SETTINGS)
    found = unpack(formula(trace, range(6)).pack())
    for turn, stage in zip(found.turns[1:], stages(trace)[1:-1], strict=True):
        assert (turn.key, turn.summary, turn.kept) == (stage.key, stage.summary, 1 - stage.removed_mass)
        number = found.turns.index(turn)
        after = {bar.token_id: bar.after for bar in stage.bars if not bar.removed}
        states = {way.token_id: way.states[number] for way in found.ways}
        assert {token: state[1] for token, state in states.items() if state} == after
    for way in found.ways:
        for turn, state in zip(found.turns, way.states, strict=True):
            if state:
                assert math.exp(state[0] - turn.log_total) == pytest.approx(state[1], rel=1e-12)


def test_the_lines_can_be_followed_by_hand() -> None:
    """The second token has appeared: 2 ÷ 2 = 1, then 1 ÷ 0.5 = 2; two stay, with e⁶ and e²."""
    trace = traced(repetition_penalty=2.0, temperature=0.5, top_k=2)
    [[token, text, lines]] = formula_lines(formula(trace, [1]), EN.texts)
    first, lowered, *others = [said for _, said in lines]
    model = sum(math.exp(logit) for logit in SIX)
    later = sum(math.exp(2 * logit) for logit in (3, 1, 1, 0, -2, -2))
    kept = (math.exp(6) + math.exp(2)) / later
    assert (token, text) == (1, "b")
    share = exact(math.exp(2) / model)
    assert first == f"logit 2.000 → e^2.000 ÷ e^{math.log(model):.3f}, the sum over 6 tokens, = {share}"
    assert lowered.startswith("2.000 ÷ 2 = 1.000 → e^1.000 ÷")
    assert others == [
        f"1.000 ÷ 0.5 = 2.000 → e^2.000 ÷ e^{math.log(later):.3f} = {exact(math.exp(2) / later)}",
        f"stays: {exact(math.exp(2) / later)} ÷ {exact(kept)} = {exact(math.exp(2) / later / kept)}",
        f"drawn with {exact(math.exp(2) / later / kept)}",
    ]


def test_a_removed_token_ends_where_it_is_removed() -> None:
    """What is below 0 is multiplied by the penalty; what comes after the cut says nothing of the token any more."""
    [[_, _, lines]] = formula_lines(formula(traced(**SETTINGS), [4]), EN.texts)
    assert [name for name, _ in lines][-1] == "Drawn from"
    assert lines[1][1].startswith("−1.000 × 2 = −2.000 → ")
    assert [said for _, said in lines if said.startswith("removed here")] == [lines[-2][1]]
    assert lines[-1][1] == "cannot be drawn"


def test_the_same_numbers_stand_in_russian() -> None:
    """The words change, the numbers do not."""
    for token in (0, 4):
        english, russian = (formula_lines(formula(traced(**SETTINGS), [token]), own.texts) for own in (EN, RU))
        figures = [[re.findall(r"[−\d.]+", said) for _, said in lines] for [[_, _, lines]] in (english, russian)]
        assert figures[0] == figures[1]


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_the_box_goes_with_the_pointer_and_with_the_sliders(watched: Watched) -> None:
    """The chosen token stands there; a bar under the pointer takes its place in both pictures; a slider recomputes."""
    page = watched.page
    watched.write(4)
    page.locator('.tok[data-position="1"]').click()
    expect(page.locator(".plot h2")).to_contain_text("Token 2:")
    page.locator(f"{BOX} summary").click()
    lines = page.locator(f"{BOX} dd")
    last = lines.last
    drawn = page.evaluate("document.querySelector('.tokens [data-position=\"1\"]').textContent")
    expect(page.locator(f"{BOX} dl")).to_have_attribute("data-token", drawn.replace(" ", "␣"))
    own = last.text_content()
    bars = page.locator(".figure:not(.waterfall) .trace:first-child .point path")
    bars.nth(3).hover(force=True)
    name = page.locator(".figure .ytick text").nth(3).text_content() or ""
    expect(page.locator(f"{BOX} dl")).to_have_attribute("data-token", name.strip())
    page.mouse.move(2, 2)
    expect(last).to_have_text(own or "")
    watched.set_number("top_k", "1")
    expect(page.locator(f"{BOX} dt").nth(-2)).to_have_text("top-k 1")
    page.select_option(f"{BOX} select", index=5)
    expect(last).to_have_text("cannot be drawn")
    page.locator('[data-view="waterfall"]').click()
    page.wait_for_selector(".waterfall .main-svg")
    page.locator(".waterfall .trace:first-child .point path").first.hover(force=True)
    expect(page.locator(BOX)).to_have_class(re.compile("pointed"))
