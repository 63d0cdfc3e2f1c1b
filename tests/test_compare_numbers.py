"""What is said of the texts of a comparison: words that differ, settings that differ, numbers."""

from __future__ import annotations

import pytest

from playground.comparisons import LiveComparison
from playground.measures import MOST_CHANGED
from playground.records import Run, SamplingParams, TokenStep
from playground.store import Store
from playground.ui.compare_numbers import diff
from playground.ui.russian import RUSSIAN
from playground.ui.text import ENGLISH


def of_texts(*texts: str) -> LiveComparison:
    """Return a comparison of texts, each of one token."""
    store, params = Store(), SamplingParams(seed=1)
    runs = [Run("run", "toy", params, steps=(TokenStep(0, 0, text.encode(), 0.5, 0.5, 0.5, 1, b""),)) for text in texts]
    return LiveComparison([store.opened(run, "") for run in runs])


@pytest.mark.parametrize(("texts", "says"), [(ENGLISH, "more than 10,000 words"), (RUSSIAN, "больше 10\u00a0000 слов")])
def test_texts_that_are_too_long_to_lay_side_by_side_say_so(texts: dict[str, str], says: str) -> None:
    """Where the words that differ would stand; those of the others do."""
    many = "la " * MOST_CHANGED
    found = diff(of_texts(f"a {many}a", f"b {many}b", f"a {many}b"), texts)
    assert (found[0]["parts"], says in found[0]["note"]) == ([], True)
    assert found[1]["parts"] == [["equal", f"a {many[:-1]}", f"a {many[:-1]}"], ["replace", " a", " b"]]
    assert found[1]["note"] == ""
