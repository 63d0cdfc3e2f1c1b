"""What is said of the texts of a comparison: words that differ, settings that differ, numbers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from playground.comparisons import LiveComparison
from playground.measures import MOST_CHANGED
from playground.records import Prompt, Run, SamplingParams, StopReason, TokenStep
from playground.store import Store
from playground.tables import measures_table
from playground.ui.compare_numbers import diff, differing, summary
from playground.ui.russian import RUSSIAN
from playground.ui.text import ENGLISH


def of_texts(*texts: str) -> LiveComparison:
    """Return a comparison of texts, each of one token."""
    store, params = Store(), SamplingParams(seed=1)
    runs = [Run("run", "toy", params, steps=(TokenStep(0, 0, text.encode(), 0.5, 0.5, 0.5, 1, b""),)) for text in texts]
    return LiveComparison([store.opened(run, "") for run in runs])


def of_settings(*panes: tuple[dict[str, Any], tuple[tuple[str, str], ...]]) -> LiveComparison:
    """Return a comparison of panes that have not begun."""
    store = Store()
    made = [(SamplingParams.from_dict({"seed": 1} | flat), Prompt("Go on", turns)) for flat, turns in panes]
    return LiveComparison([store.new("toy", params, prompt=prompt) for params, prompt in made])


def test_settings_that_differ_are_the_same_in_page_and_files() -> None:
    """Stop texts, a chain of another order, system prompt and history, told with equal length; no neutral sampler."""
    heat, cut = {"temperature": 0.5}, {"top_p": 0.9}
    ask, turns = ("user", "Hi"), (("user", "One"), ("assistant", "Two"))
    live = of_settings(
        (heat | cut | {"order": ["temperature", "top_p"], "stop": ["\n"]}, (("system", "Be brief."), *turns, ask)),
        (heat | cut | {"order": ["top_p", "temperature"]}, (*turns[:1], ("assistant", "Three"), ask)),
    )
    assert differing(live, ENGLISH) == [
        "order your own: temperature → top-p · stops at “⏎” · system prompt “Be brief.” · 2 turns before “One”, “Two”",
        "order your own: top-p → temperature · stops at – · system prompt off · 2 turns before “One”, “Three”",
    ]
    table = measures_table([run.record() for run in live.panes], [run.asked for run in live.panes])
    assert [json.loads(text) for text in table["settings_that_differ"]] == [
        {
            "order": ["temperature", "top_p"],
            "stop": ["\n"],
            "system": "Be brief.",
            "history": [list(turn) for turn in turns],
        },
        {
            "order": ["top_p", "temperature"],
            "stop": [],
            "system": None,
            "history": [["user", "One"], ["assistant", "Three"]],
        },
    ]


def test_a_neutral_sampler_is_no_setting_that_differs() -> None:
    """Neither in the page nor in the files; one that acts is told as off where it is not there."""
    live = of_settings(({"top_k": 0, "min_p": 0.1}, ()), ({}, ()))
    assert differing(live, ENGLISH) == ["min-p 0.1", "min-p 0.0"]
    table = measures_table([run.record() for run in live.panes])
    assert [json.loads(text) for text in table["settings_that_differ"]] == [{"min_p": 0.1}, {"min_p": None}]


@pytest.mark.parametrize(("texts", "says"), [(ENGLISH, "more than 10,000 words"), (RUSSIAN, "больше 10\u00a0000 слов")])
def test_texts_that_are_too_long_to_lay_side_by_side_say_so(texts: dict[str, str], says: str) -> None:
    """Where the words that differ would stand; those of the others do."""
    many = "la " * MOST_CHANGED
    found = diff(of_texts(f"a {many}a", f"b {many}b", f"a {many}b"), texts)
    assert (found[0]["parts"], says in found[0]["note"]) == ([], True)
    assert found[1]["parts"] == [["equal", f"a {many[:-1]}", f"a {many[:-1]}"], ["replace", " a", " b"]]
    assert found[1]["note"] == ""


def test_the_table_says_in_the_pages_language_why_a_text_ended() -> None:
    """As under the text itself, not by the key that files have."""
    live = of_texts("One", "Two")
    live.panes[0].stop_reason, live.panes[1].stop_reason = StopReason.LENGTH, StopReason.EOS
    said = {
        language: [row[5] for row in summary(live, "", words)["rows"]]
        for language, words in (("en", ENGLISH), ("ru", RUSSIAN))
    }
    assert said["en"] == ["length: the 1 new tokens asked for", "end of text: the model wrote its end token"]
    assert said["ru"] == ["длина: новых токенов 1, как задано", RUSSIAN["ended_eos"]]
