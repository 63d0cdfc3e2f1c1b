"""Distance of two distributions over whole vocabularies, ms a pair: ``python -m tests.bench.distances``.

Raw logits against raw logits, every token in play; and what chains leave of them. Beside it the least that any
arithmetic on two such rows takes with NumPy: two exponentials and a logarithm of every entry.
"""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

import numpy as np

from playground.chain import trace_chain
from playground.distances import distance
from playground.samplers.base import StepContext
from playground.settings import SamplingParams

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from playground.numerics import Distribution

    Row = npt.NDArray[np.float32]

VOCABULARIES, ROUNDS = (49_152, 151_936, 262_144), 60
CHAINS: tuple[dict[str, float], ...] = ({}, {"temperature": 0.7}, {"temperature": 1.5, "top_p": 0.95}, {"top_k": 40})


def final(row: Row, flat: dict[str, float]) -> Distribution:
    """Return what a chain leaves; nothing of it is computed yet."""
    return trace_chain(row, SamplingParams.from_dict(flat).chain, StepContext()).final


def least(one: Row, other: Row) -> float:
    """Return the time in ms of two exponentials and a logarithm of every entry."""
    start = time.perf_counter()
    np.log(np.exp(one.astype(np.float64)) + np.exp(other.astype(np.float64)))
    return (time.perf_counter() - start) * 1e3


def took(make: Callable[[], tuple[Distribution, Distribution]]) -> float:
    """Return the time in ms of one distance; the chains are not in it."""
    pair = make()
    start = time.perf_counter()
    distance(*pair)
    return (time.perf_counter() - start) * 1e3


def main() -> None:
    """Print medians."""
    rng = np.random.default_rng(1)
    for vocab in VOCABULARIES:
        one = rng.normal(0, 3, vocab).astype(np.float32)
        other = (one + rng.normal(0, 1, vocab)).astype(np.float32)
        floor = statistics.median(least(one, other) for _ in range(ROUNDS))
        print(f"{vocab:,} tokens; two exponentials and a logarithm {floor:.2f} ms")
        for flat in CHAINS:
            found = statistics.median(took(lambda: (final(one, flat), final(other, flat))) for _ in range(ROUNDS))  # noqa: B023 (called at once)
            print(f"  {flat or 'raw'}: {found:.2f} ms, {found / floor:.2f} × that")


if __name__ == "__main__":
    main()
