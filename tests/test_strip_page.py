"""The strip of tokens in a browser: what its colors say, on the real SmolLM2."""

from __future__ import annotations

import math
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser import CHROMIUM, RunningApp, Watched

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")

SHADES = """() => [...document.querySelectorAll(".tok[data-position]")].map((node) => [
  parseFloat(node.style.getPropertyValue("--heat")), getComputedStyle(node).borderBottomWidth,
  getComputedStyle(node).backgroundColor, node.getAttribute("aria-label"),
])"""


def steps(watched: Watched, app: RunningApp) -> list[dict[str, Any]]:
    """Return the records of the text that is shown."""
    saved = watched.page.locator('.stats a[href$="run.json"]').get_attribute("href")
    return list(app.http.get(str(saved)).json()["steps"])


def bits(share: float) -> float:
    """Return the surprisal of a probability."""
    return -math.log2(share)


def shades(watched: Watched, color: str) -> list[tuple[float, str, str, str]]:
    """Choose a color; return the strength of each token, its line, its background and its label."""
    watched.page.select_option(".scale select", color)
    return [tuple(item) for item in watched.page.evaluate(SHADES)]


def test_each_color_is_the_number_that_the_run_recorded(watched: Watched, app: RunningApp) -> None:
    """Strength and line follow surprisal, probability and entropy of the records; the label says the number."""
    watched.set_number("temperature", "1.4")
    watched.write(24)
    records = steps(watched, app)
    strengths = {
        "surprisal": [min(1, bits(step["model_prob"]) / 10) for step in records],
        "probability": [1 - step["final_prob"] for step in records],
        "entropy": [min(1, step["snapshot"]["final_entropy_bits"] / 6) for step in records],
        "none": [0.0] * len(records),
    }
    for color, expected in strengths.items():
        found = shades(watched, color)
        assert [strength for strength, *_ in found] == pytest.approx(expected, abs=6e-4)
        assert all(abs(int(line.removesuffix("px")) - 4 * strength) < 0.51 for strength, line, *_ in found)
    assert f"surprisal {bits(records[0]['model_prob']):.2f} bits" in shades(watched, "surprisal")[0][3]
    said = f"entropy after {records[0]['snapshot']['final_entropy_bits']:.2f} bits"
    assert [said in shades(watched, color)[0][3] for color in strengths] == [False, False, True, False]


def test_a_color_needs_no_question_and_survives_a_reload(watched: Watched) -> None:
    """The same tokens are painted where they stand; a legend has both ends; the address and the browser keep it."""
    watched.write(8)
    nodes = watched.page.query_selector_all(".tok[data-position]")
    asked: list[str] = []
    watched.page.on("request", lambda request: asked.append(request.url))
    before = [background for _, _, background, _ in shades(watched, "surprisal")]
    after = [background for _, _, background, _ in shades(watched, "entropy")]
    assert (before != after, asked) == (True, [])
    assert all(node.is_visible() for node in nodes)
    expect(watched.page.locator(".scale .steps")).to_have_text("0 bits: decided 6 bits or more: open")
    shades(watched, "probability")
    expect(watched.page.locator(".scale .steps")).to_have_text("100%: certain 0%: hardly possible")
    shades(watched, "none")
    expect(watched.page.locator(".scale .steps")).to_be_hidden()
    assert {item[2] for item in shades(watched, "none")} == {"rgba(0, 0, 0, 0)"}
    watched.page.wait_for_function("JSON.parse(sessionStorage.playground).state.color === 'none'")
    watched.page.reload()
    expect(watched.page.locator(".tok[data-position]")).to_have_count(8)
    expect(watched.page.locator(".scale select")).to_have_value("none")


def test_a_what_if_wins_over_every_color(watched: Watched) -> None:
    """While other settings are tried, their marks alone are shown; afterwards the color is there again."""
    watched.write(12)
    before = shades(watched, "entropy")
    watched.set_number("top_k", "1")
    expect(watched.page.locator(".replay [role=status]")).to_contain_text("could still be drawn")
    assert {item[2] for item in watched.page.evaluate(SHADES)} == {"rgba(0, 0, 0, 0)"}
    expect(watched.page.locator(".scale")).to_be_hidden()
    watched.page.get_by_role("button", name="Back to the colors").click()
    assert shades(watched, "entropy") == before
