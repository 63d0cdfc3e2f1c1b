"""Backends against their bare libraries: prefill, one stream, a batch, forks. ``python -m tests.bench.batch hf``.

``--only prefill`` (or ``stream``, ``batch``, ``forks``; more than once) measures only that. The other backend is
``llamacpp``. Each round takes ours and the bare library in turn, with the same weights; prints medians and ratios.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import llama_cpp
import numpy as np
import torch
from transformers import DynamicCache

from playground import backends
from playground.catalog import read_catalog
from playground.chain import Draw, draw, luck, trace_chain
from playground.entry import default_threads
from playground.samplers.base import StepContext
from playground.settings import SamplingParams
from tests.browser import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from playground.backends.base import LoadedModel

ROUNDS, TOKENS, BATCH_STEPS, LONG = 3, 48, 12, 1000
PARTS = ("prefill", "stream", "batch", "forks")
WIDTH = 8
PROMPT = "The secret to a successful life is"
SETTINGS = {"temperature": 0.8, "top_k": 40, "top_p": 0.9}


def seconds(run: Callable[[], object]) -> float:
    """Time one call."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


class Ours:
    """The four verbs."""

    def __init__(self, model: LoadedModel) -> None:
        """Take a model that is loaded."""
        self.model = model
        self.ids = model.encode(PROMPT, special=True)
        self.long = tuple((self.ids * LONG)[:LONG])

    def prefill(self) -> float:
        """Read the long prompt."""
        start = time.perf_counter()
        sequence, _ = self.model.prefill(self.long)
        spent = time.perf_counter() - start
        self.model.drop(sequence)
        return spent

    def stream(self) -> float:
        """Write one text, as the engine does: chain, draw, record, decode."""
        params = SamplingParams.from_dict(SETTINGS | {"seed": 1})
        ids = list(self.ids)
        start = time.perf_counter()
        sequence, row = self.model.prefill(ids)
        for position in range(TOKENS):
            context = StepContext(tuple(ids), len(self.ids), position, 1)
            trace, dart = trace_chain(row, params.chain, context, piece=self.model.piece), luck(1, position)
            ids.append(draw(trace.final, dart))
            Draw(trace, position, dart, ids[-1]).record()
            [row] = self.model.decode([sequence], ids[-1:])
        spent = time.perf_counter() - start
        self.model.drop(sequence)
        return spent

    def batch(self) -> float:
        """Go on with forks of the short prompt, together."""
        first, _ = self.model.prefill(self.ids)
        sequences = [first, *(self.model.fork(first) for _ in range(WIDTH - 1))]
        tokens = self.long[:WIDTH]
        start = time.perf_counter()
        for _ in range(BATCH_STEPS):
            tokens = tuple(int(token) for token in self.model.decode(sequences, tokens).argmax(axis=1))
        spent = time.perf_counter() - start
        for sequence in sequences:
            self.model.drop(sequence)
        return spent

    def forks(self) -> tuple[float, float]:
        """Fork the long prompt into all of the batch, then decode once: the first step may gather what was forked."""
        first, _ = self.model.prefill(self.long)
        start = time.perf_counter()
        sequences = [first, *(self.model.fork(first) for _ in range(WIDTH - 1))]
        forked = time.perf_counter()
        self.model.decode(sequences, self.long[:WIDTH])
        decoded = time.perf_counter()
        for sequence in sequences:
            self.model.drop(sequence)
        return forked - start, decoded - forked


class BareHf:
    """The same weights, by ``generate`` and by plain calls of the model with a DynamicCache."""

    def __init__(self, ours: Ours) -> None:
        """Borrow the weights."""
        self.ours = ours
        self.model: Any = vars(ours.model)["_model"]

    def _call(self, ids: list[list[int]], cache: DynamicCache) -> torch.Tensor:
        with torch.inference_mode():
            answer = self.model(input_ids=torch.tensor(ids), past_key_values=cache, use_cache=True, logits_to_keep=1)
        logits: torch.Tensor = answer.logits[:, -1]
        return logits

    def prefill(self) -> float:
        """Read the long prompt in one call."""
        cache = DynamicCache(config=self.model.config)
        return seconds(lambda: self._call([list(self.ours.long)], cache))

    def stream(self) -> float:
        """Let ``generate`` sample with the same settings; no end token stops it."""
        torch.manual_seed(1)
        ids = torch.tensor([self.ours.ids])
        length: dict[str, Any] = {"max_new_tokens": TOKENS, "min_new_tokens": TOKENS}
        mask = torch.ones_like(ids)
        return seconds(lambda: self.model.generate(ids, attention_mask=mask, do_sample=True, **SETTINGS, **length))

    def batch(self) -> float:
        """Decode a batch greedily."""
        cache = DynamicCache(config=self.model.config)
        self._call([list(self.ours.ids)] * WIDTH, cache)
        tokens = [[token] for token in self.ours.long[:WIDTH]]
        start = time.perf_counter()
        for _ in range(BATCH_STEPS):
            tokens = [[int(token)] for token in self._call(tokens, cache).argmax(-1)]
        return time.perf_counter() - start


class BareLlama:
    """The same weights in a context of their own, by llama_decode with its default batch of 512 for prompts."""

    def __init__(self, ours: Ours, width: int = WIDTH) -> None:
        """Open a context for so many sequences on the weights that are loaded."""
        self.ours, self.width = ours, width
        model = vars(ours.model)["_model"]
        params = llama_cpp.llama_context_default_params()
        params.n_ctx, params.n_seq_max = 2048 * width, width
        params.n_threads = params.n_threads_batch = default_threads()
        self.context = llama_cpp.llama_init_from_model(model, params)
        self.memory = llama_cpp.llama_get_memory(self.context)
        self.rows = llama_cpp.llama_batch_init(LONG, 0, 1)

    def _decode(self, tokens: tuple[int, ...], positions: range, slots: range, *, wanted: int) -> None:
        """Put rows for each position of one slot, or for one position of each slot."""
        places = [(position, slot) for slot in slots for position in positions]
        for row, (token, (position, slot)) in enumerate(zip(tokens, places, strict=True)):
            self.rows.token[row], self.rows.pos[row] = token, position
            self.rows.n_seq_id[row], self.rows.seq_id[row][0] = 1, slot
            self.rows.logits[row] = row >= len(tokens) - wanted
        self.rows.n_tokens = len(tokens)
        assert not llama_cpp.llama_decode(self.context, self.rows)

    def _best(self, row: int) -> int:
        pointer = llama_cpp.llama_get_logits_ith(self.context, row)
        return int(np.ctypeslib.as_array(pointer, (self.ours.model.vocab_size,)).argmax())

    def prefill(self) -> float:
        """Read the long prompt."""
        llama_cpp.llama_memory_clear(self.memory, True)  # noqa: FBT003 (a C function)
        return seconds(lambda: self._decode(self.ours.long, range(LONG), range(1), wanted=1))

    def stream(self) -> float:
        """Write one text greedily."""
        llama_cpp.llama_memory_clear(self.memory, True)  # noqa: FBT003 (a C function)
        ids = self.ours.ids
        start = time.perf_counter()
        self._decode(ids, range(len(ids)), range(1), wanted=1)
        for position in range(len(ids), len(ids) + TOKENS):
            self._decode((self._best(-1),), range(position, position + 1), range(1), wanted=1)
        return time.perf_counter() - start

    def batch(self, steps: int = BATCH_STEPS) -> float:
        """Decode a batch greedily, each sequence with a prompt of its own."""
        llama_cpp.llama_memory_clear(self.memory, True)  # noqa: FBT003 (a C function)
        ids, width = self.ours.ids, self.width
        for slot in range(width):
            self._decode(ids, range(len(ids)), range(slot, slot + 1), wanted=1)
        tokens = self.ours.long[:width]
        start = time.perf_counter()
        for position in range(len(ids), len(ids) + steps):
            self._decode(tokens, range(position, position + 1), range(width), wanted=width)
            tokens = tuple(self._best(row) for row in range(width))
        return time.perf_counter() - start

    def shared(self, steps: int) -> float:
        """Read one prompt, copy it into every slot and go on with all of them greedily, everything counted."""
        llama_cpp.llama_memory_clear(self.memory, True)  # noqa: FBT003 (a C function)
        ids, width = self.ours.ids, self.width
        start = time.perf_counter()
        self._decode(ids, range(len(ids)), range(1), wanted=1)
        for slot in range(1, width):
            llama_cpp.llama_memory_seq_cp(self.memory, 0, slot, -1, -1)
        tokens = self.ours.long[:width]
        for position in range(len(ids), len(ids) + steps):
            self._decode(tokens, range(position, position + 1), range(width), wanted=width)
            tokens = tuple(self._best(row) for row in range(width))
        return time.perf_counter() - start


def main(backend: str, parts: Sequence[str]) -> None:
    """Take turns and print."""
    width = WIDTH if backend == "llamacpp" else None
    spec = replace(read_catalog(ROOT / "models.yaml").default, backend=backend, context_tokens=2048, sequences=width)
    ours = Ours(backends.load(spec))
    bare: BareHf | BareLlama = BareHf(ours) if backend == "hf" else BareLlama(ours)
    print(f"{spec.key}, {ours.model.build}; seconds, ours · bare")
    for name in [part for part in parts if part != "forks"]:
        pairs = [(getattr(ours, name)(), getattr(bare, name)()) for _ in range(ROUNDS + 1)][1:]
        mine, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
        ratios = [other / own for own, other in pairs]
        spread = f"{statistics.median(ratios):.2f} × bare (min {min(ratios):.2f}, max {max(ratios):.2f})"
        print(f"{name}: {mine:.3f} · {theirs:.3f}: {spread}", flush=True)
    if "forks" in parts:
        forked, decoded = ours.forks()
        print(f"{WIDTH - 1} forks of {LONG:,} tokens: {1000 * forked:.1f} ms, first step {1000 * decoded:.0f} ms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("backend", choices=("hf", "llamacpp"))
    parser.add_argument("--only", action="append", choices=PARTS)
    options = parser.parse_args()
    main(options.backend, options.only or PARTS)
