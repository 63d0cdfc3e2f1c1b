"""A text goes on from any of its tokens, with the one that was drawn there or with one that somebody chose."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from playground import backends
from playground.chain import Draw, luck
from playground.engine import Engine
from playground.errors import PromptError, SettingError
from playground.events import Ended
from playground.records import Prompt, SamplingParams, StopReason, TokenStep
from tests.models import CATALOG, SMOLLM

if TYPE_CHECKING:
    from playground.backends.base import LoadedModel

PLACE = 5


@pytest.fixture(scope="module", params=["toy", SMOLLM])
def model(request: pytest.FixtureRequest) -> LoadedModel:
    """Return a model with a short context."""
    return backends.load(replace(CATALOG.get(request.param), context_tokens=256))


@pytest.fixture(scope="module")
def toy() -> LoadedModel:
    """Return the toy."""
    return backends.load(replace(CATALOG.get("toy"), context_tokens=256))


def settings(**flat: object) -> SamplingParams:
    """Return settings with seed 42."""
    return SamplingParams.from_dict({"seed": 42, "max_new_tokens": 16} | flat)


def steps(model: LoadedModel, prompt: Prompt, params: SamplingParams) -> tuple[list[TokenStep], StopReason]:
    """Return the records of a run of a fresh engine, and why it ended."""
    _, *draws, ended = Engine(model).write(prompt, params, lambda: True)
    assert isinstance(ended, Ended)
    return [drawn.record() for drawn in draws if isinstance(drawn, Draw)], ended.reason


def branch(model: LoadedModel, run: list[TokenStep], place: int, *chosen: int) -> Prompt:
    """Return what is read to go on before a token of a run on “Then the cat”."""
    kept = run[:place]
    ids = (*model.bos_ids, *model.encode("Then the cat", special=True), *(step.token_id for step in kept))
    return Prompt(ids=ids, written=place, final_probs=tuple(step.final_prob for step in kept), chosen=chosen)


@pytest.mark.parametrize("flat", [{"temperature": 1.2}, {"mirostat": {"tau": 3.0, "eta": 0.3}}])
def test_the_same_token_leads_to_the_same_text(model: LoadedModel, flat: dict[str, object]) -> None:
    """Luck belongs to a position, so what follows is what followed, to the last digit; Mirostat knows the run."""
    run, _ = steps(model, Prompt(text="Then the cat"), settings(**flat))
    again, _ = steps(model, branch(model, run, PLACE, run[PLACE].token_id), settings(**flat, max_new_tokens=16 - PLACE))
    assert again == [replace(run[PLACE], chosen=True), *run[PLACE + 1 :]]


def test_another_token_is_recorded_as_chosen(model: LoadedModel) -> None:
    """It has its place, the luck that did not decide, and its probability; 0 where the chain had removed it."""
    run, _ = steps(model, Prompt(text="Then the cat"), settings(top_k=3))
    best, removed = (run[PLACE].snapshot.candidates[rank].token_id for rank in (0, 7))
    for token, possible in ((best, True), (removed, False)):
        [first, second, *_], _ = steps(model, branch(model, run, PLACE, token), settings(top_k=3))
        assert (first.position, first.token_id, first.chosen) == (PLACE, token, True)
        assert (first.luck, first.final_prob > 0) == (luck(42, PLACE), possible)
        assert (second.position, second.chosen, second.luck) == (PLACE + 1, False, luck(42, PLACE + 1))


def test_a_chosen_end_token_ends_the_text(model: LoadedModel) -> None:
    """As it would if it had been drawn."""
    run, _ = steps(model, Prompt(text="Then the cat"), settings())
    [only], reason = steps(model, branch(model, run, PLACE, min(model.eos_ids)), settings())
    assert (only.token_id, reason) == (min(model.eos_ids), StopReason.EOS)


def test_a_stop_text_may_begin_in_what_is_kept(toy: LoadedModel) -> None:
    """“cat sat” stops a text of which “ cat” was there before; one that was whole before does not."""
    words = {toy.piece(token): token for token in range(toy.vocab_size)}
    ids = (words[b" the"], words[b" cat"])
    going = Prompt(ids=ids, written=1, chosen=(words[b" sat"],))
    stops = [["cat sat"], [" cat"], [" cat", "cat sat on"], [" cat", "cat sat"]]
    assert [len(steps(toy, going, settings(stop=stop, temperature=0))[0]) for stop in stops] == [1, 3, 3, 1]


def test_a_token_that_the_model_rules_out_cannot_be_chosen(toy: LoadedModel) -> None:
    """The toy gives bytes no probability: the sentence names the token, and one that does not exist its range."""
    with pytest.raises(SettingError, match=f"^The model gives token {toy.vocab_size - 1} no probability at all"):
        steps(toy, Prompt(text="Then the cat", chosen=(toy.vocab_size - 1,)), settings())
    with pytest.raises(PromptError, match=f"^Token id {toy.vocab_size} is not in the vocabulary"):
        steps(toy, Prompt(text="Then the cat", chosen=(toy.vocab_size,)), settings())
