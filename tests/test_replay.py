"""A text tried under other settings is what a new one under them would be, as far as luck leads the same way."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from playground import backends
from playground.cache import LogitsCache
from playground.chain import Draw
from playground.engine import Engine
from playground.events import Replayed, Started
from playground.records import Prompt, SamplingParams
from playground.replay import replay
from tests.models import CATALOG, SMOLLM

if TYPE_CHECKING:
    from playground.backends.base import LoadedModel

COUNT = 24
CHAINS = [
    {"temperature": 0.7},
    {"temperature": 1.4, "top_k": 3},
    {"top_p": 0.6, "repetition_penalty": 1.3},
    {"mirostat": {"tau": 3.0, "eta": 0.3}},
    {"xtc": {"threshold": 0.05, "probability": 0.5}, "dry": {"multiplier": 0.8}},
]


@pytest.fixture(scope="module", params=["toy", SMOLLM])
def model(request: pytest.FixtureRequest) -> LoadedModel:
    """Return a model with a short context."""
    return backends.load(replace(CATALOG.get(request.param), context_tokens=256))


def settings(flat: dict[str, object], seed: int = 42) -> SamplingParams:
    """Return settings with a seed."""
    return SamplingParams.from_dict({"seed": seed, "max_new_tokens": COUNT} | flat)


def written(engine: Engine, params: SamplingParams) -> tuple[Prompt, list[Draw]]:
    """Write after “Then the cat”; return the whole text as a prompt, and its draws."""
    events = list(engine.write(Prompt(text="Then the cat"), params, lambda: True))
    [started] = [event for event in events if isinstance(event, Started)]
    draws = [event for event in events if isinstance(event, Draw)]
    return Prompt(ids=(*started.prompt_ids, *(drawn.token_id for drawn in draws)), written=len(draws)), draws


def tried(engine: Engine, prompt: Prompt, params: SamplingParams) -> list[Replayed]:
    """Return what other settings make of each token."""
    return [event for event in replay(engine, prompt, params, lambda: True) if event]


def final_prob(drawn: Draw) -> float:
    """Return the probability with which a token was drawn."""
    return drawn.record().final_prob


@pytest.mark.parametrize("flat", CHAINS)
def test_the_own_settings_draw_the_text_again(model: LoadedModel, flat: dict[str, object]) -> None:
    """Every token comes again, with the probability to the last digit, and no model runs."""
    engine = Engine(model)
    prompt, draws = written(engine, settings(flat))
    found = tried(engine, prompt, settings(flat))
    assert [(item.token_id, item.final_prob) for item in found] == [(d.token_id, final_prob(d)) for d in draws]
    assert {item.from_cache for item in found} == {True}


@pytest.mark.parametrize("flat", CHAINS)
@pytest.mark.parametrize("seed", [42, 7])
def test_the_text_first_differs_where_a_new_one_does(model: LoadedModel, flat: dict[str, object], seed: int) -> None:
    """A text that is written under the other settings has the same tokens, and probabilities, up to that place."""
    engine = Engine(model)
    prompt, draws = written(engine, settings({"temperature": 1.0}))
    _, fresh = written(Engine(model), settings(flat, seed))
    found = tried(engine, prompt, settings(flat, seed))
    pairs = list(zip(draws, fresh, strict=False))
    differs = next((place for place, (old, new) in enumerate(pairs) if old.token_id != new.token_id), len(pairs))
    assert [item.token_id for item in found[:differs]] == [drawn.token_id for drawn in draws[:differs]]
    assert [item.final_prob for item in found[:differs]] == [final_prob(drawn) for drawn in fresh[:differs]]
    if differs < len(pairs):
        assert found[differs].token_id == fresh[differs].token_id != draws[differs].token_id


def test_a_token_that_is_removed_names_who_removes_it(model: LoadedModel) -> None:
    """Greedy leaves one token at each place; the others are gone, and top-k with k = 1 is what takes them."""
    engine = Engine(model)
    prompt, draws = written(engine, settings({"temperature": 2.0}))
    found = tried(engine, prompt, settings({"top_k": 1}))
    best = [drawn.record().rank == 1 for drawn in draws]
    assert [(item.final_prob, item.removed_by) for item in found] == [
        (1.0, None) if stays else (0.0, "top_k") for stays in best
    ]
    assert False in best  # at temperature 2 something unlikely was drawn


@pytest.mark.parametrize("places", [0, 5, 1_000])
def test_what_is_no_longer_kept_is_read_again(model: LoadedModel, places: int) -> None:
    """With room for a few places' logits, or none, the answers are the same, and each says whether the model ran."""
    whole = Engine(model)
    prompt, _ = written(whole, settings({"temperature": 1.0}))
    other = settings({"temperature": 0.5, "top_k": 20})
    expected = tried(whole, prompt, other)
    small = Engine(model, cache=LogitsCache(places * 4 * model.vocab_size))
    again = tried(small, prompt, other)
    assert [item.token_id for item in again] == [item.token_id for item in expected]
    assert [item.final_prob for item in again] == pytest.approx([item.final_prob for item in expected], abs=1e-3)
    assert {item.from_cache for item in again} == {False}
    fits = places >= prompt.written
    assert {item.from_cache for item in tried(small, prompt, other)} == {fits}


def test_stop_ends_it_and_gives_the_sequence_back(model: LoadedModel) -> None:
    """As often as there are sequences, and once more, it is stopped in the middle; another still finds one."""
    prompt, _ = written(Engine(model), settings({"temperature": 1.0}))
    for _ in range(model.slots + 1):
        seen: list[Replayed] = []
        for item in replay(Engine(model), prompt, settings({}), lambda: len(seen) < 3):  # noqa: B023 (used at once)
            seen += [item] if item else []
        assert [item.position for item in seen] == [0, 1, 2]
    assert len(tried(Engine(model), prompt, settings({}))) == prompt.written
