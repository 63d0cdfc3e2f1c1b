"""Runs are kept under ids that nobody guesses, not too many and not too long, and never lost while they grow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from playground.errors import ModelCrashed, ModelError, RunNotFound
from playground.records import StopReason, TokenStep
from playground.settings import SamplingParams
from playground.shelf import EXPIRY_S
from playground.store import MAX_TOKENS, LiveRun, Store

if TYPE_CHECKING:
    from playground.process import Answer

PARAMS = SamplingParams(seed=42)
STARTED: Answer = {
    "event": "started",
    "prompt_ids": [7, 8],
    "prompt_pieces": [b"a", b"b"],
    "notes": ["A note."],
    "build": "toy",
    "exact_batch": 8,
    "controls": [0],
}
TIMING = {"prefill_s": 0.5, "time_to_first_token_s": 0.75, "total_s": 2.0, "tokens_per_s": 4.0}
ENDED: Answer = {"event": "ended", "reason": "length", "timing": TIMING}
CRASHED: Answer = {"event": "error", "kind": "ModelCrashed", "text": ("It stopped.", "It starts again.", "")}


def step(position: int, piece: bytes = b" la") -> TokenStep:
    """Return a step whose numbers do not matter."""
    return TokenStep(position, 1, piece, 0.5, 0.25, 0.5, 1, b"")


def message(record: TokenStep) -> Answer:
    """Return a step as the model's process sends it."""
    return {"event": "step"} | {name: getattr(record, name) for name in TokenStep.__slots__}


@pytest.fixture
def clock() -> list[float]:
    """Return the time of ``store``, in seconds, to be set."""
    return [0.0]


@pytest.fixture
def store(clock: list[float]) -> Store:
    """Return an empty store."""
    return Store(now=lambda: clock[0])


def finished(store: Store, steps: int = 1) -> str:
    """Put a run of so many steps into the store and return its id."""
    live = store.new("toy", PARAMS)
    live.steps.extend([step(0)] * steps)
    live.take(ENDED)
    return live.run_id


def kept(store: Store, *run_ids: str) -> list[bool]:
    """Say of each run whether the store still has it, without touching it."""
    return [run_id in {live.run_id for live in store._runs.values()} for run_id in run_ids]


def test_ids_cannot_be_guessed(store: Store) -> None:
    """A thousand ids differ, and each has room for the 128 bits that it is made from: 22 characters of 6 bits."""
    ids = {store.new("toy", PARAMS).run_id for _ in range(1_000)}
    assert (len(ids), {len(run_id) for run_id in ids}) == (1_000, {22})
    assert len({run_id[:4] for run_id in ids}) > 990


def test_a_run_is_found_by_its_id(store: Store) -> None:
    """It is the same run, growing or finished."""
    live = store.new("toy", PARAMS)
    assert store.get(live.run_id) is live
    live.take(ENDED)
    assert store.get(live.run_id) is live


@pytest.mark.parametrize("run_id", ["", "None", "x" * 22])
def test_an_unknown_run_is_named_as_such(store: Store, run_id: str) -> None:
    """The sentence says what happened and what to do."""
    with pytest.raises(RunNotFound) as caught:
        store.get(run_id)
    assert str(caught.value) == "This run is no longer kept. Write it again: the same seed gives the same text."


def test_a_finished_run_is_forgotten_when_it_is_old(store: Store, clock: list[float]) -> None:
    """It is there for two hours after somebody last looked at it, and gone with the next run after that."""
    looked_at, left_alone = finished(store), finished(store)
    clock[0] = EXPIRY_S
    store.get(looked_at)
    store.new("toy", PARAMS)
    assert kept(store, looked_at, left_alone) == [True, True]
    clock[0] = EXPIRY_S + 1
    store.new("toy", PARAMS)
    assert kept(store, looked_at, left_alone) == [True, False]


def test_an_old_run_is_not_given_out(store: Store, clock: list[float]) -> None:
    """A run that expired is not found any more, though nobody has written another one since."""
    run_id = finished(store)
    clock[0] = EXPIRY_S + 1
    with pytest.raises(RunNotFound):
        store.get(run_id)


def test_the_oldest_runs_make_room(store: Store) -> None:
    """When all steps together are too many, those that nobody looked at for longest are forgotten first."""
    first, second, third = (finished(store, (MAX_TOKENS - 6) // 3) for _ in range(3))
    store.get(first)
    store.new("toy", PARAMS)
    assert kept(store, first, second, third) == [True, True, True]
    finished(store, 1)
    store.new("toy", PARAMS)
    assert kept(store, first, second, third) == [True, False, True]


def test_a_growing_run_is_never_forgotten(store: Store, clock: list[float]) -> None:
    """Neither its age nor its length ends a run; once it is over, both do."""
    live = store.new("toy", PARAMS)
    live.steps.extend([step(0)] * (MAX_TOKENS + 1))
    clock[0] = 2 * EXPIRY_S
    store.new("toy", PARAMS)
    assert kept(store, live.run_id) == [True]
    live.closed()
    store.new("toy", PARAMS)
    assert kept(store, live.run_id) == [False]


def test_long_prompts_count_too(store: Store) -> None:
    """Runs of one token each after a long prompt do not fill the memory: their prompts are part of the bound."""
    for _ in range(100):
        live = store.new("toy", PARAMS)
        live.take(STARTED | {"prompt_ids": [7] * 2_000, "prompt_pieces": [b"a"] * 2_000})
        live.take(message(step(0)))
        live.take(ENDED)
    assert sum(len(live.prompt_ids) for live in store._runs.values()) <= MAX_TOKENS + 2_000


def test_runs_that_failed_at_once_are_bounded(store: Store) -> None:
    """Runs without a single token, such as those with a refused prompt, make room like others."""
    store._runs.most = 50
    for _ in range(200):
        store.new("toy", PARAMS).take(CRASHED)
    assert len(store._runs.values()) < 200


def test_a_run_grows_by_what_the_model_sends() -> None:
    """The record holds the prompt, the notes, the steps and the end, as they came."""
    live = LiveRun("id", "toy", PARAMS, 0.0)
    for answer in (STARTED, message(step(0)), message(step(1, b"."))):
        live.take(answer)
    assert (live.record().stop_reason, live.record().text) == (None, " la.")
    live.take(ENDED)
    run = live.record()
    assert (run.prompt_ids, run.prompt_pieces, run.notes) == ((7, 8), (b"a", b"b"), ("A note.",))
    assert (run.build, run.exact_batch) == ("toy", 8)
    assert (run.steps, run.stop_reason) == ((step(0), step(1, b".")), StopReason.LENGTH)
    assert run.timing
    assert (run.timing.total_s, run.timing.tokens_per_s) == (2.0, 4.0)


def test_a_run_that_waits_has_a_place_until_it_begins() -> None:
    """Place and expected wait are there for a page to show, and gone with the first word of the model."""
    live = LiveRun("id", "toy", PARAMS, 0.0)
    live.take({"event": "waiting", "position": 3, "wait_s": 4.5})
    assert (live.position, live.wait_s, live.stop_reason) == (3, 4.5, None)
    live.take(STARTED)
    assert (live.position, live.wait_s) == (0, None)


@pytest.mark.parametrize(("kind", "reason"), [("ModelCrashed", StopReason.CRASHED), ("ModelError", StopReason.FAILED)])
def test_a_failure_ends_a_run_and_keeps_its_steps(kind: str, reason: StopReason) -> None:
    """The sentence and its hint stand in the record beside what was written before."""
    live = LiveRun("id", "toy", PARAMS, 0.0)
    for answer in (STARTED, message(step(0)), CRASHED | {"kind": kind}):
        live.take(answer)
    run = live.record()
    assert (run.text, run.stop_reason, run.error) == (" la", reason, "It stopped. It starts again.")


@pytest.mark.parametrize(
    ("error", "reason"),
    [(ModelCrashed("It stopped."), StopReason.CRASHED), (ModelError("No."), StopReason.FAILED)],
)
def test_a_failure_of_this_side_is_told_apart_like_one_of_the_model(error: ModelError, reason: StopReason) -> None:
    """A crash is called a crash wherever it was noticed."""
    live = LiveRun("id", "toy", PARAMS, 0.0)
    live.fail(error)
    assert (live.stop_reason, live.error) == (reason, str(error))


def test_stop_reaches_the_model_once_it_has_the_run() -> None:
    """A stop before the model took the run up is passed on then; one after it goes straight there."""
    live, heard = LiveRun("id", "toy", PARAMS, 0.0), list[str]()
    live.stop()
    live.opened(lambda: heard.append("early"))
    assert heard == ["early"]
    live.stop()
    assert heard == ["early", "early"]
    live.closed()
    live.stop()
    assert heard == ["early", "early"]


def test_a_run_that_nobody_listens_to_counts_as_stopped() -> None:
    """A closed tab ends its run as stopped, but does not rename an end that had come before."""
    left, over = (LiveRun("id", "toy", PARAMS, 0.0) for _ in range(2))
    over.take(ENDED)
    for live in (left, over):
        live.closed()
    assert (left.stop_reason, over.stop_reason) == (StopReason.STOPPED, StopReason.LENGTH)
