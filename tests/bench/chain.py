"""A chain's cost per token beside transformers' processors and llama.cpp's chain: ``python -m tests.bench.chain``.

Each round takes all of them in turn on the same logits, so that all see the same machine; prints medians and ratios.
Ours includes the draw and the record of the 64 best before and after with what removed each; the others only end at
a token.
"""

from __future__ import annotations

import ctypes
import os
import statistics
import sys
import time
from typing import TYPE_CHECKING

import llama_cpp
import numpy as np
import torch
from transformers import (
    LogitsProcessorList,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from playground import Playground
from playground.chain import Draw, draw, luck, trace_chain
from playground.process import ENVIRONMENT
from playground.samplers.base import StepContext
from playground.settings import SamplingParams
from tests.browser import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Row = npt.NDArray[np.float32]

VOCABULARIES, ROUNDS = (49_152, 151_936, 262_144), 30
PROMPT = "The secret to a successful life is"
HISTORY = tuple(range(100, 400, 3))
CHAINS = {
    "penalty + temperature + top_k 40 + top_p 0.95": {
        "repetition_penalty": 1.1, "temperature": 0.8, "top_k": 40, "top_p": 0.95,
    },
    "the same with top_k off": {"repetition_penalty": 1.1, "temperature": 0.8, "top_p": 0.95},
    "temperature alone": {"temperature": 0.8},
}  # fmt: skip


def realistic(vocab: int, rng: np.random.Generator) -> Row:
    """Return logits spread as those of the real model, for any width of the vocabulary, (vocab,)."""
    spread = np.sort(REAL)
    places = np.linspace(0, spread.size - 1, vocab)
    return rng.permutation(np.interp(places, np.arange(spread.size), spread)).astype(np.float32)


def flat(vocab: int, rng: np.random.Generator) -> Row:
    """Return logits between which there is little to choose, (vocab,)."""
    return rng.normal(0, 0.1, vocab).astype(np.float32)


def ours(flat_form: dict[str, float]) -> Callable[[Row], object]:
    """Return our chain with draw and record."""
    params = SamplingParams.from_dict(flat_form | {"seed": 1})

    def run(row: Row) -> object:
        trace = trace_chain(row, params.chain, StepContext(HISTORY, 50, 50, 1))
        dart = luck(1, 50)
        return Draw(trace, 50, dart, draw(trace.final, dart)).record()

    return run


def theirs(flat_form: dict[str, float]) -> Callable[[Row], object]:
    """Return transformers' processors, softmax and multinomial."""
    made = {
        "repetition_penalty": RepetitionPenaltyLogitsProcessor,
        "temperature": TemperatureLogitsWarper,
        "top_k": TopKLogitsWarper,
        "top_p": TopPLogitsWarper,
    }
    processors = LogitsProcessorList([made[key](value) for key, value in flat_form.items()])
    ids = torch.tensor([HISTORY])

    def run(row: Row) -> object:
        scores = processors(ids, torch.from_numpy(row)[None])
        return int(torch.multinomial(torch.softmax(scores, -1), 1))

    return run


def native(flat_form: dict[str, float], vocab: int) -> Callable[[Row], object]:
    """Return llama.cpp's chain in the same order, with its own distribution sampler."""
    chain = llama_cpp.llama_sampler_chain_init(llama_cpp.llama_sampler_chain_default_params())
    made = {
        "repetition_penalty": lambda value: llama_cpp.llama_sampler_init_penalties(
            vocab, len(HISTORY), value, 0.0, 0.0
        ),
        "temperature": llama_cpp.llama_sampler_init_temp,
        "top_k": llama_cpp.llama_sampler_init_top_k,
        "top_p": lambda value: llama_cpp.llama_sampler_init_top_p(value, 1),
    }
    for key, value in flat_form.items():
        llama_cpp.llama_sampler_chain_add(chain, made[key](value))
    llama_cpp.llama_sampler_chain_add(chain, llama_cpp.llama_sampler_init_dist(1))
    for token in HISTORY:
        llama_cpp.llama_sampler_accept(chain, token)
    entry = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])

    def run(row: Row) -> object:
        data = np.zeros(row.size, entry)
        data["id"], data["logit"] = np.arange(row.size), row
        pointer = data.ctypes.data_as(llama_cpp.llama_token_data_p)
        array = llama_cpp.llama_token_data_array(data=pointer, size=row.size, selected=-1, sorted=False)
        llama_cpp.llama_sampler_apply(chain, ctypes.byref(array))
        return array.selected

    return run


def milliseconds(run: Callable[[Row], object], row: Row) -> float:
    """Time one token."""
    start = time.perf_counter()
    run(row)
    return 1000 * (time.perf_counter() - start)


def main() -> None:
    """Measure in turns and print."""
    torch.set_num_threads(1)
    rng = np.random.default_rng(1)
    print("ms per token (median): ours · transformers · llama.cpp")
    for name, flat_form in CHAINS.items():
        for shape in (realistic, flat):
            for vocab in VOCABULARIES:
                runs = (ours(flat_form), theirs(flat_form), native(flat_form, vocab))
                rows = [shape(vocab, rng) for _ in range(4)]
                times = [[milliseconds(run, rows[turn % 4]) for run in runs] for turn in range(ROUNDS)][4:]
                mine, torchs, llamas = (statistics.median(column) for column in zip(*times, strict=True))
                ratios = f"{torchs / mine:.1f} × transformers, {llamas / mine:.1f} × llama.cpp"
                print(f"{name}, {shape.__name__}, {vocab:,}: {mine:.2f} · {torchs:.2f} · {llamas:.2f}: {ratios}")


def real_logits() -> Row:
    """Ask the real model once."""
    with Playground(ROOT / "models.yaml") as playground:
        return playground.next_token("smollm2-135m-instruct", PROMPT).model.raw.astype(np.float32)


if __name__ == "__main__":
    if ENVIRONMENT.items() - os.environ.items():  # as in a model's process
        os.execve(sys.executable, [sys.executable, "-m", "tests.bench.chain"], os.environ | ENVIRONMENT)  # noqa: S606
    REAL = real_logits()
    main()
