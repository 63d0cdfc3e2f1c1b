"""Beam searches through a model's process: the same tree as in this one, stopped, refused, crashed and kept."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from playground import Playground, backends
from playground.beam import search
from playground.beam_settings import BeamParams
from playground.catalog import read_catalog
from playground.errors import ModelCrashed, PlaygroundError, PromptError, RunNotFound, SettingError
from playground.hypotheses import SearchEnd
from playground.records import Prompt, Timing
from playground.searches import LiveSearch, Searches, Written
from playground.shelf import EXPIRY_S

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playground.searches import Search

CATALOG = read_catalog(Path(__file__).parent.parent / "models.yaml")
SMOLLM = "smollm2-135m-instruct"
PROMPT = "The secret to a successful life is"
NOTHING = Prompt()


@pytest.fixture(scope="module")
def playground() -> Iterator[Playground]:
    """Return models in processes of their own."""
    with Playground() as found:
        yield found


def here(model: str, prompt: str, params: BeamParams) -> tuple[Any, ...]:
    """Return the steps of the same search in this process."""
    loaded = backends.load(CATALOG.get(model))
    try:
        ids = (*loaded.bos_ids, *loaded.encode(prompt, special=False))
        return tuple(filter(None, search(loaded, ids, params)))
    finally:
        loaded.close()


@pytest.mark.parametrize(
    ("model", "settings"),
    [
        ("toy", {"num_beams": 3, "max_new_tokens": 6, "num_return_sequences": 3}),
        ("toy", {"num_beams": 4, "num_beam_groups": 2, "diversity_penalty": 0.5, "max_new_tokens": 6}),
        ("toy", {"num_beams": 3, "sample": True, "seed": 7, "temperature": 1.5, "max_new_tokens": 6}),
        (SMOLLM, {"num_beams": 4, "max_new_tokens": 8, "num_return_sequences": 4}),
        (SMOLLM, {"num_beams": 2, "max_new_tokens": 8, "repetition_penalty": 1.3, "early_stopping": "never"}),
    ],
)
def test_a_search_in_a_models_process_is_the_one_in_this(
    playground: Playground, model: str, settings: dict[str, Any]
) -> None:
    """Every continuation, number for number; the record says with what."""
    found = playground.beams(model, PROMPT, **settings)
    params = BeamParams.from_dict(settings)
    assert found.steps == here(model, PROMPT, params)
    assert (found.params, found.end, found.error) == (params, SearchEnd.LENGTH, "")
    assert b"".join(found.prompt_pieces).decode() == PROMPT
    assert found.timing
    assert 0 < found.timing.prefill_s < found.timing.total_s


def test_sampled_beams_without_a_seed_get_one(playground: Playground) -> None:
    """The record holds it, and with it the search comes out again."""
    settings = {"num_beams": 2, "sample": True, "max_new_tokens": 5}
    found = playground.beams("toy", "Then the cat", **settings)
    assert found.params.seed is not None
    assert playground.beams("toy", "Then the cat", **settings, seed=found.params.seed).steps == found.steps


@pytest.mark.parametrize(
    ("model", "prompt", "settings", "kind", "says"),
    [
        ("toy", "", {}, PromptError, "The prompt is empty"),
        ("toy", "cat", {"num_beams": 0}, SettingError, "Beams is 0; it must lie in [1, 16]. 1 is greedy."),
        ("toy", "cat", {"num_beams": 17}, SettingError, "Beams is 17; it must lie in [1, 16]. 1 is greedy."),
        ("toy", "cat", {"num_beams": 2, "num_return_sequences": 3}, SettingError, "of 2 beams it must lie in [1, 2]"),
        ("toy", "cat", {"num_beam": 2}, SettingError, "There is no setting “num_beam”. The nearest is num_beams"),
        ("toy", "cat", {"top_p": 0.5}, SettingError, "Top-p is set, but beams that are not sampled"),
        (SMOLLM, "cat", {"num_beams": 16}, SettingError, "16 beams need room for 16 texts at once; this model has"),
        (SMOLLM, "cat", {"max_new_tokens": 4000}, PromptError, "new tokens (4,000) ="),
    ],
)
def test_what_cannot_be_searched_for_is_refused(
    playground: Playground, model: str, prompt: str, settings: dict[str, Any], kind: type[Exception], says: str
) -> None:
    """With the sentence that the search itself has, wherever it is found out; the next search works."""
    with pytest.raises(kind) as caught:
        playground.beams(model, prompt, **settings)
    assert says in str(caught.value)
    assert playground.beams("toy", "Then the cat", num_beams=2, max_new_tokens=2).end is SearchEnd.LENGTH


def growing(playground: Playground, model: str, **settings: int) -> tuple[LiveSearch, Any]:
    """Start a search and return it with its answers."""
    live = Searches().new(model, BeamParams.from_dict(settings), Prompt(text=PROMPT))
    return live, playground.pool.open("beams", model, live.prompt, live.params)


def test_a_search_can_be_stopped_at_any_step(playground: Playground) -> None:
    """The tree so far stays, and its hypotheses are what was running."""
    live, answers = growing(playground, SMOLLM, num_beams=3, max_new_tokens=1000, num_return_sequences=3)
    live.opened(answers.stop)
    for message in answers:
        live.take(message)
        if len(live.steps) == 3:
            live.stop()
    found = live.record()
    assert (found.end, live.over) == (SearchEnd.STOPPED, True)
    assert 3 < len(found.steps) < 1000
    assert [len(text.token_ids) for text in found.hypotheses] == [len(found.steps) - 1] * 3


def test_a_search_that_waits_can_be_stopped() -> None:
    """It has no slot, and says that it ended."""
    live = Searches().new("toy", BeamParams(), NOTHING)
    heard: list[str] = []
    live.stop()
    live.opened(lambda: heard.append("stop"))
    live.take({"event": "waiting", "position": 2, "wait_s": 1.5})
    assert (heard, live.position, live.wait_s) == (["stop"], 2, 1.5)
    live.take({"event": "ended", "reason": "stopped", "timing": dict.fromkeys(Timing.__slots__, 0.0)})
    assert (live.over, live.record().end, live.record().hypotheses) == (True, None, ())


def test_a_killed_process_leaves_the_tree_that_grew() -> None:
    """The failure is told, and the next search starts a new process."""
    with Playground() as playground:
        live, answers = growing(playground, SMOLLM, num_beams=2, max_new_tokens=1000)
        while len(live.steps) < 2:
            live.take(next(iter(answers)))
        os.kill(playground.pool.status(SMOLLM).pid or 0, signal.SIGKILL)
        with pytest.raises(ModelCrashed, match="signal 9"):
            list(map(live.take, answers))
        live.fail(PlaygroundError("It stopped."))
        assert (live.over, live.error, live.record().end) == (True, "It stopped.", None)
        assert len(live.record().steps) >= 2
        assert playground.beams(SMOLLM, PROMPT, num_beams=2, max_new_tokens=2).end is SearchEnd.LENGTH


def finished(store: Searches, weight: int) -> LiveSearch:
    """Return a search that is over and takes so much room."""
    live = store.new("toy", BeamParams(), NOTHING)
    live.considered, live.over = weight - 1, True
    return live


def test_a_search_weighs_its_prompt_and_the_other_texts_too() -> None:
    """By hand: itself, three tokens of the prompt, seven continuations, two tokens of a greedy text."""
    live = Searches().new("toy", BeamParams(), NOTHING)
    live.prompt_ids, live.considered = (1, 2, 3), 7
    live.paths["greedy"] = Written((4, 5), (b"a", b"b"), -1.0, {})
    assert live.weight == 1 + 3 + 7 + 2


def known(store: Searches, live: LiveSearch) -> bool:
    """Tell whether a search is kept."""
    try:
        return store.get(live.search_id) is live
    except RunNotFound:
        return False


def test_the_oldest_searches_make_room() -> None:
    """Only those that are over; one that was looked at lately is not the oldest."""
    store = Searches()
    store.most = 100
    running = store.new("toy", BeamParams(), NOTHING)
    running.considered = 9
    first, second = finished(store, 50), finished(store, 30)
    assert known(store, first)
    third = finished(store, 20)
    store.new("toy", BeamParams(), NOTHING)
    assert [known(store, live) for live in (running, first, second, third)] == [True, True, False, True]


def test_a_search_that_is_over_expires() -> None:
    """Two hours after somebody last asked for it; one that runs does not."""
    now = 0.0
    store = Searches(lambda: now)
    over, running = finished(store, 1), store.new("toy", BeamParams(), NOTHING)
    now = EXPIRY_S + 1
    assert (known(store, over), known(store, running)) == (False, True)


def test_a_record_says_what_it_found(playground: Playground) -> None:
    """The best first, by the score; scores recompute from the sums."""
    found: Search = playground.beams("toy", "Then the cat", num_beams=4, num_return_sequences=4, max_new_tokens=5)
    scores = [text.score for text in found.hypotheses]
    assert scores == sorted(scores, reverse=True)
    assert scores == pytest.approx([text.total / len(text.token_ids) for text in found.hypotheses])
