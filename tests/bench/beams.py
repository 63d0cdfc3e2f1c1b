"""Beam search beside transformers' ``generate`` and a bare batch of llama.cpp: ``python -m tests.bench.beams steps``.

``steps`` is the search alone, on a model that answers at once with 151,936 logits for each of eight beams, and beside
it what torch needs for log-softmax and topk of the same. ``hf`` and ``llamacpp`` are whole searches of four beams with
SmolLM2. Each round takes ours and theirs in turn; prints medians and the lowest and highest.
"""

from __future__ import annotations

import argparse
import copy
import statistics
from dataclasses import replace
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from playground import backends
from playground.backends.toy import ToyModel, ToySequence
from playground.beam import BeamParams, search
from playground.catalog import read_catalog
from tests.bench.batch import BareLlama, Ours, seconds
from tests.browser import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from playground.backends.base import LoadedModel, Logits, ModelSequence

VOCABULARY, BEAMS, STEPS = 151_936, 8, 40
SEARCH_BEAMS, TOKENS = 4, 48
ROUNDS = 5
SETTINGS: dict[str, dict[str, Any]] = {"alone": {}, "with a repetition penalty": {"repetition_penalty": 1.1}}


class Instant(ToyModel):
    """A model that answers at once, each time with other rows, so that none is in the processor's cache."""

    def __init__(self) -> None:
        """Draw rows as wide as Qwen's, and as spread as logits are."""
        super().__init__({"": {"a": 1.0}}, 4096)
        rng = np.random.default_rng(0)
        self.vocab_size = VOCABULARY
        self.rows = [rng.normal(0, 2.5, (BEAMS, VOCABULARY)).astype(np.float32) for _ in range(8)]
        self._next = cycle(self.rows)

    def piece(self, token_id: int) -> bytes:
        """Return the same for every token."""
        return bytes([token_id % 256])

    def prefill(self, ids: Sequence[int], **_: object) -> tuple[ToySequence, Logits]:
        """Give a row."""
        return ToySequence(ids[-1], len(ids)), next(self._next)[0]

    def decode(self, sequences: Sequence[ModelSequence], ids: Sequence[int]) -> Logits:
        """Give rows."""
        assert len(sequences) == len(ids)
        return next(self._next)[: len(ids)]


def whole(model: LoadedModel, ids: Sequence[int], params: BeamParams) -> float:
    """Return the seconds of a whole search."""
    return seconds(lambda: list(search(model, ids, params)))


def after_first(model: LoadedModel, ids: Sequence[int], params: BeamParams) -> float:
    """Return the seconds from the first event to the last: all but reading the prompt and one step."""
    steps = search(model, ids, params)
    next(steps)
    return seconds(lambda: list(steps))


def torchs(rows: Logits) -> float:
    """Return the seconds of torch's log-softmax and topk."""
    tensor = torch.from_numpy(rows)
    return seconds(lambda: torch.topk(torch.log_softmax(tensor, -1).flatten(), 2 * BEAMS))


def spread(name: str, values: Sequence[float], unit: str) -> None:
    """Print median, lowest and highest."""
    print(f"{name}: {statistics.median(values):.2f}{unit} ({min(values):.2f}–{max(values):.2f})", flush=True)


def turns(name: str, ours: Callable[[], float], theirs: Callable[[], float]) -> None:
    """Time both in turn, after one round that is thrown away."""
    pairs = [(ours(), theirs()) for _ in range(ROUNDS + 1)][1:]
    spread(f"{name}, ours", [own for own, _ in pairs], " s")
    spread(f"{name}, theirs", [other for _, other in pairs], " s")
    spread(f"{name}, theirs ÷ ours", [other / own for own, other in pairs], " ×")


def steps() -> None:
    """Time the steps of a search on a model that takes no time."""
    torch.set_num_threads(1)
    model, ids = Instant(), range(100, 300)
    model.eos_ids = frozenset()
    found: dict[str, list[float]] = {}
    for _ in range(ROUNDS + 1):
        for name, more in SETTINGS.items():
            params = BeamParams.from_dict({"num_beams": BEAMS, "max_new_tokens": STEPS + 1} | more)
            found.setdefault(f"a step, {name}", []).append(1000 * after_first(model, ids, params) / STEPS)
        times = [torchs(rows) for rows in model.rows]
        found.setdefault("torch's log-softmax and topk, one thread", []).append(1000 * statistics.median(times))
    for name, values in found.items():
        spread(name, values[1:], " ms")


def hf(params: BeamParams) -> None:
    """Search as ``generate(num_beams=4)`` does, with the same weights in float32; check that the texts are the same."""
    spec = replace(read_catalog(ROOT / "models.yaml").default, backend="hf", context_tokens=2048, dtype="float32")
    ours = Ours(backends.load(spec))
    ours.model.eos_ids = frozenset()
    model = vars(ours.model)["_model"]
    settings = copy.deepcopy(model.generation_config)
    settings.update(eos_token_id=None, pad_token_id=0, do_sample=False, num_beams=SEARCH_BEAMS, max_new_tokens=TOKENS)
    ids = torch.tensor([ours.ids])

    def theirs() -> list[int]:
        with torch.inference_mode():
            found = model.generate(ids, attention_mask=torch.ones_like(ids), generation_config=settings)
        text: list[int] = found[0, len(ours.ids) :].tolist()
        return text

    [last] = [step for step in search(ours.model, ours.ids, params) if step and step.end]
    print(f"the same text: {list(last.hypotheses[0].token_ids) == theirs()}")
    turns(ours.model.build, lambda: whole(ours.model, ours.ids, params), lambda: seconds(theirs))


def llamacpp(params: BeamParams) -> None:
    """Search beside decoding as many sequences of any text in one batch, with the same weights."""
    spec = replace(read_catalog(ROOT / "models.yaml").default, context_tokens=2048, sequences=SEARCH_BEAMS)
    ours = Ours(backends.load(spec))
    ours.model.eos_ids = frozenset()
    bare = BareLlama(ours, SEARCH_BEAMS)
    turns(ours.model.build, lambda: after_first(ours.model, ours.ids, params), lambda: bare.batch(TOKENS - 1))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=("steps", "hf", "llamacpp"))
    part = parser.parse_args().part
    asked = BeamParams(SEARCH_BEAMS, max_new_tokens=TOKENS)
    steps() if part == "steps" else {"hf": hf, "llamacpp": llamacpp}[part](asked)
