"""Several texts after one prompt: each the one that its settings write alone, with one luck, and failing alone."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from playground import Playground
from playground.comparison import MAX_PANES
from playground.errors import SettingError
from playground.records import StopReason

if TYPE_CHECKING:
    from collections.abc import Iterator

SMOLLM = "smollm2-135m-instruct"
PROMPT = "The secret to a successful life is"


@pytest.fixture(scope="module")
def playground() -> Iterator[Playground]:
    """Return models in processes of their own."""
    with Playground() as found:
        yield found


def pane(model: str = SMOLLM, **settings: Any) -> dict[str, Any]:  # noqa: ANN401 (settings are of many types)
    """Return a pane of a few tokens."""
    return {"model": model, "max_new_tokens": 12, **settings}


def test_each_text_is_the_one_that_its_settings_write_alone(playground: Playground) -> None:
    """Four temperatures at once, to the last bit of every record."""
    temperatures = (0.1, 0.4, 0.7, 1.0)
    runs = playground.compare(PROMPT, [pane(temperature=value, seed=42) for value in temperatures])
    for run, value in zip(runs, temperatures, strict=True):
        alone = playground.generate(SMOLLM, PROMPT, temperature=value, seed=42, max_new_tokens=12)
        assert run.steps == alone.steps
        assert run.text == alone.text


def test_panes_share_one_luck(playground: Playground) -> None:
    """Whoever has no seed has the first that is given, or one picked for all; at each place the dart is the same."""
    runs = playground.compare("Then the cat", [pane("toy"), pane("toy", temperature=1.5)])
    assert runs[0].params.seed == runs[1].params.seed
    assert runs[0].params.seed is not None
    darts = [[step.luck for step in run.steps] for run in runs]
    shared = min(map(len, darts))
    assert darts[0][:shared] == darts[1][:shared]
    seeds = [
        run.params.seed for run in playground.compare("x", [pane("toy"), pane("toy", seed=7), pane("toy", seed=8)])
    ]
    assert seeds == [7, 7, 8]


def test_panes_of_different_models_run_side_by_side(playground: Playground) -> None:
    """In the order in which they were asked for."""
    runs = playground.compare("Then the cat", [pane("toy", seed=1), pane(seed=1), pane("toy", seed=2)])
    assert [run.model for run in runs] == ["toy", SMOLLM, "toy"]
    assert all(run.steps and not run.error for run in runs)


def test_a_pane_that_fails_fails_alone(playground: Playground) -> None:
    """Its run has the sentence; the others are whole."""
    runs = playground.compare("x" * 3000, [pane("nobody", seed=1), pane("toy", seed=1), pane(seed=1)])
    assert [run.stop_reason is StopReason.FAILED for run in runs] == [True, True, False]
    assert runs[0].error.startswith("models.yaml has no model “nobody”")
    assert "this model reads" in runs[1].error
    assert len(runs[2].steps) == 12


@pytest.mark.parametrize(
    ("panes", "says"),
    [
        ([], "There are 0 panes; from 1 to 8 can be compared."),
        ([pane()] * (MAX_PANES + 1), "There are 9 panes"),
        ([pane("toy"), {"temperature": 1}], "Pane 2 has the model None; it must be a key of models.yaml."),
        ([pane("toy", temperature=9)], "Pane 1: Temperature is 9"),
    ],
)
def test_what_is_refused_begins_nothing(playground: Playground, panes: list[dict[str, Any]], says: str) -> None:
    """With the number of the pane."""
    with pytest.raises(SettingError) as caught:
        playground.compare("x", panes)
    assert says in str(caught.value)


def test_the_numbers_of_a_comparison(playground: Playground) -> None:
    """One model at two temperatures: raw distributions do not differ at all, final ones do."""
    runs = playground.compare(PROMPT, [pane(temperature=0.3, seed=3), pane(temperature=1.2, seed=3)])
    places = list(playground.gaps(runs))
    assert [place.token_id for place in places] == [step.token_id for step in runs[0].steps]
    gaps = [gap for place in places for gap in place.gaps if gap]
    assert len(gaps) == len(places)
    assert {(gap.raw.kl_bits, gap.raw.js_bits, gap.raw.overlap) for gap in gaps} == {(0.0, 0.0, 1.0)}
    assert all(gap.final.js_bits > 0 for gap in gaps)
    matrix = playground.cross_score(runs)
    assert [[cell.tokens for cell in row] for row in matrix] == [[12, 12], [12, 12]]
    assert matrix[0][0] == matrix[0][1]
    nats = -sum(step.surprisal_bits for step in runs[0].steps) * math.log(2)
    assert matrix[0][0].logprob == pytest.approx(nats, rel=1e-3)
