"""Models that tests ask, and what they ask of them."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from playground.catalog import read_catalog
from playground.process import LAST_EVENTS
from playground.records import Prompt, StopReason
from playground.settings import SamplingParams

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playground.backends.base import LoadedModel, Logits, Turns
    from playground.pool import Pool
    from playground.process import Answer
    from playground.stream import Stream

T = TypeVar("T")

ROOT = Path(__file__).parents[1]
CATALOG = read_catalog(ROOT / "models.yaml")
SMOLLM = "smollm2-135m-instruct"
GGUF = CATALOG.get(SMOLLM).file
PROMPTS = (
    "The secret to a successful life is",
    "Once upon a time there was",
    "The capital of France is",
    "Water boils",
)
CAT = Prompt(text="Then the cat")
ANSWER_S = 60.0  # so long a test waits for an answer before it fails; none is near that


def settings(max_new_tokens: int = 12, **flat: object) -> SamplingParams:
    """Return settings with seed 42."""
    return SamplingParams.from_dict({"seed": 42, "max_new_tokens": max_new_tokens} | flat)


ENDLESS = settings(1_000_000, temperature=0)  # for the model `endless`, which never writes its end token then


def suspend(pid: int) -> None:
    """Stop a child of this process; when this returns, each of its threads has stopped."""
    os.kill(pid, signal.SIGSTOP)
    os.waitid(os.P_PID, pid, os.WSTOPPED | os.WNOWAIT)


def answers(stream: Stream, count: int | None = None) -> list[Answer]:
    """Return the first ``count`` answers to a request and what came with them, or all; one that stays out fails."""
    found: list[Answer] = []
    while (len(found) < count) if count else not (found and found[-1]["event"] in LAST_EVENTS):
        came = stream.ready(ANSWER_S)
        assert came, f"no answer after {found[-1:]}"
        found += came
    return found


def ids_of(messages: list[Answer]) -> list[int]:
    """Return the ids that were written."""
    return [message["token_id"] for message in messages if message["event"] == "step"]


def ended(messages: list[Answer]) -> StopReason:
    """Return why a run ended."""
    return StopReason(messages[-1]["reason"])


def write(pool: Pool, key: str, prompt: Prompt, params: SamplingParams) -> list[Answer]:
    """Return all answers to one run."""
    stream = pool.open("write", key, prompt, params)
    try:
        return answers(stream)
    finally:
        stream.close()


def after(model: LoadedModel, ids: Sequence[int], then: Sequence[int] = ()) -> list[Logits]:
    """Return the logits after a prefix, and after each token that follows; nothing stays in the model."""
    sequence, row = model.prefill(ids)
    rows = [row, *(model.decode([sequence], [token])[0] for token in then)]
    model.drop(sequence)
    return rows


def finished(turns: Turns[T]) -> T:
    """Give work all its turns at once and return what it found."""
    while True:
        try:
            next(turns)
        except StopIteration as end:
            return cast("T", end.value)
