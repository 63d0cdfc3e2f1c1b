"""The bar under a picture is what the draw walks along: luck lies in the part of the token that it draws."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import expect

from playground.chain import SHORTLIST, Draw, draw, trace_chain
from playground.samplers.base import StepContext
from playground.samplers.temperature import Temperature
from playground.samplers.top_k import TopK
from playground.ui.picture import dart
from tests.browser import CHROMIUM, RunningApp, Watched

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from playground.samplers.base import Sampler


def thrown(logits: list[float], luck: float, *chain: Sampler) -> Draw:
    """Return the draw of a luck on logits."""
    trace = trace_chain(np.array(logits, np.float32), chain, StepContext(), piece=lambda token: b"t%d" % token)
    return Draw(trace, 0, luck, draw(trace.final, luck))


def test_parts_stand_from_the_most_probable_down() -> None:
    """By hand: of 1/8, 1/2, 1/8, 1/4 the two best stay with 2/3 and 1/3; luck 0.7 lies in the second."""
    found = dart(thrown(np.log([0.125, 0.5, 0.125, 0.25]).tolist(), 0.7, TopK(2)).record())
    assert [text for text, _ in found["parts"]] == ["t1", "t3"]
    assert [share for _, share in found["parts"]] == pytest.approx([2 / 3, 1 / 3])
    assert (found["luck"], found["hit"]) == (0.7, 1)


@given(
    logits=st.lists(st.integers(-3, 3).map(float), min_size=2, max_size=300),
    luck=st.floats(0, 1, exclude_max=True),
    temperature=st.sampled_from([0.5, 1.0, 2.0]),
)
def test_luck_lies_in_the_part_that_is_hit(logits: list[float], luck: float, temperature: float) -> None:
    """Ties too, up to rounding; and where the token has no part of its own, behind all of them."""
    found = dart(thrown(logits, luck, Temperature(temperature)).record())
    ends = [0.0, *accumulate(share for _, share in found["parts"])]
    if found["hit"] is None:
        assert len(found["parts"]) == SHORTLIST
        assert luck >= ends[-1] - 1e-9
    else:
        assert ends[found["hit"]] - 1e-9 <= luck <= ends[found["hit"] + 1] + 1e-9


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_the_point_stands_under_the_drawn_part(browser: Browser, app: RunningApp) -> None:
    """On the screen as in the numbers; a token that was chosen by hand has no dart."""
    context = browser.new_context()
    watched = Watched(context, app.url)
    watched.write(8)
    for place in (1, 3):
        watched.page.locator(f'.tok[data-position="{place}"]').click()
        expect(watched.page.locator(".plot h2")).to_contain_text(f"Token {place + 1}:")
        hit, point = (
            watched.page.locator(".pile .hit").bounding_box(),
            watched.page.locator(".dart .point").bounding_box(),
        )
        assert hit is not None
        assert point is not None
        assert hit["x"] - 1 <= point["x"] + point["width"] / 2 <= hit["x"] + hit["width"] + 1
    watched.page.locator("button.other").nth(2).click()
    watched.page.wait_for_selector(".tok.chosen")
    watched.page.wait_for_function("document.querySelector('.strip').dataset.running === 'false'")
    watched.page.locator(".tok.chosen").click()
    expect(watched.page.locator(".plot .draw").first).to_contain_text("was chosen by hand")
    expect(watched.page.locator(".dart")).to_be_hidden()
    assert watched.errors == []
    context.close()
