"""The continuations of a group of beams, out of one row of logits for each beam.

- As in transformers, all that acts on a beam acts on its log-softmax, and sums are float32.
- Rank order is fixed: the higher sum first, on a tie the beam that stands first, then the higher logit, then the lower
  token id. torch.topk, by which transformers goes, leaves the order of equals open.
- Only as much of a row is ranked as can be among the best of all rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from playground.errors import ModelError
from playground.numerics import Distribution
from playground.ranking import FIRST_PREFIX, rank_prefix
from playground.samplers.luck import luck
from playground.samplers.typical_p import distances
from playground.sentences import Sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from playground.numerics import FloatArray, IntArray
    from playground.samplers.base import Sampler, StepContext

    Float32 = npt.NDArray[np.float32]

# transformers lets no cut leave a sampled beam fewer than one token more than there are end tokens
CUTS = ("top_k", "top_p", "min_p", "typical_p", "epsilon_cutoff", "eta_cutoff")


class Expansion(NamedTuple):
    """Continuations of some beams, in the order in which they are considered, (m,) each.

    Attributes:
        beams: index of the beam among those that were expanded.
        token_ids: the token after it.
        logprobs: the model's own, in nats.
        steps: the same as penalties and samplers leave them.
        totals: the beam's sum with it.
    """

    beams: IntArray
    token_ids: IntArray
    logprobs: Float32
    steps: Float32
    totals: Float32

    def part(self, places: IntArray) -> Expansion:
        """Return some of them, in another order."""
        beams, token_ids, logprobs, steps, totals = self
        return Expansion(beams[places], token_ids[places], logprobs[places], steps[places], totals[places])

    def best(self, count: int) -> Expansion:
        """Return those with the highest totals, the best first."""
        return self.part(np.argsort(-self.totals, kind="stable")[:count])


@dataclass(frozen=True)
class Rules:
    """What acts on the rows of a step.

    Attributes:
        chain: the samplers that act, in order.
        least: tokens that a cut leaves at least.
        taken: token ids that beams of earlier groups took at this step, one for each beam.
        diversity_penalty: subtracted for each of them.
    """

    chain: tuple[Sampler, ...] = ()
    least: int = 1
    taken: tuple[int, ...] = ()
    diversity_penalty: float = 0.0

    @property
    def change_nothing(self) -> bool:
        """Whether a row's order is the model's own."""
        return not self.chain and not (self.taken and self.diversity_penalty)

    def apply(self, row: Distribution, context: StepContext) -> Distribution:
        """Return a beam's log-softmax as they leave it."""
        for sampler in self.chain:
            after = sampler.apply(row, context)
            row = enough(sampler.key, row, after, self.least) if sampler.key in CUTS else after
        tokens, counts = np.unique(np.array(self.taken, np.int64), return_counts=True)
        return row.with_added(tokens, -self.diversity_penalty * counts.astype(np.float64))


def enough(key: str, before: Distribution, after: Distribution, least: int) -> Distribution:
    """Return what a cut leaves, or, where that is too little, as many of the tokens that it takes first."""
    if after.size >= min(least, before.size):
        return after
    if key != "typical_p":
        return before.best(least)
    plain = before.by_id()
    mask = np.zeros(plain.size, np.bool_)
    mask[rank_prefix(-distances(plain), least)] = True
    return plain.only(mask)


class Row:
    """One beam's log-softmax.

    Attributes:
        logits: the model's answer, (vocab,).
    """

    def __init__(self, logits: Float32, step: int, scratch: Float32) -> None:
        """Add up the exponentials; ``scratch``, (vocab,), is written to.

        Raises:
            ModelError: the logits hold NaN or +inf, or nothing but −inf; the sentence names the step, counted from 1.
        """
        self.logits, self._peak = logits, logits.max()
        if not np.isfinite(self._peak):
            raise ModelError(
                Sentence("The model returned numbers that are not finite at step {step}.", step=step),
                hint="Its file is damaged, or its number format overflows here.",
            )
        np.subtract(logits, self._peak, out=scratch)
        self._log_sum = np.log(np.exp(scratch, out=scratch).sum())

    def logprobs(self, part: IntArray | slice) -> Float32:
        """Return the model's log-probabilities of some tokens; subtracted in torch's order, for the same last bit."""
        found: Float32 = (self.logits[part] - self._peak) - self._log_sum
        return found

    def after(self, rules: Rules, context: StepContext) -> Distribution:
        """Return the log-softmax as the rules leave it."""
        return rules.apply(Distribution.of_logits(self.logprobs(slice(None))), context)


def expand(
    logits: Sequence[Float32], totals: Sequence[float], contexts: Sequence[StepContext], rules: Rules, count: int
) -> Expansion:
    """Return the ``count`` best continuations of all beams together, or all where there are fewer.

    Args:
        logits: a row for each beam, (vocab,).
        totals: the beams' sums.
        contexts: where each beam stands.
        rules: what acts on the rows.
        count: how many are considered.

    Raises:
        ModelError: the model's answer cannot be used.
    """
    parts = []
    for beam, row in enumerate(_rows(logits, contexts)):
        if rules.change_nothing:
            ids = rank_prefix(row.logits, count)
            steps = row.logprobs(ids)
        else:
            best = row.after(rules, contexts[beam]).best(count)
            ids, steps = best.token_ids, best.logits.astype(np.float32)
        parts.append(_part(beam, ids, row.logprobs(ids), steps, totals[beam]))
    return _together(parts).best(count)


def sample(
    logits: Sequence[Float32], totals: Sequence[float], contexts: Sequence[StepContext], rules: Rules, count: int
) -> Expansion:
    """Draw continuations of all beams without replacement, each with the probability that its total gives it.

    The luck of each draw is a pure function of seed, position and which draw it is. Arguments are those of ``expand``.

    Raises:
        ModelError: the model's answer cannot be used.
    """
    parts = []
    for beam, row in enumerate(_rows(logits, contexts)):
        left = row.after(rules, contexts[beam]).by_id()
        ids = left.token_ids
        parts.append(_part(beam, ids, row.logprobs(ids), left.logits.astype(np.float32), totals[beam]))
    everything = _together(parts)
    where = contexts[0]
    lucks = [luck(where.seed, where.position, f"beam {number}") for number in range(count)]
    return everything.part(draw_without_replacement(everything.totals, lucks))


def draw_without_replacement(totals: Float32, lucks: Sequence[float]) -> IntArray:
    """Return the entry that each number in [0, 1) draws from the softmax of the totals, without those drawn before it.

    Each walks from the most probable entry down, on a tie the lower index first, as ``chain.draw`` does.

    Args:
        totals: (n,), finite.
        lucks: (m,).

    Returns:
        (m,), or (n,) where that is less.
    """
    weights = np.exp(totals.astype(np.float64) - float(totals.max()))
    order, tail = _head(totals, weights, FIRST_PREFIX)
    drawn: list[int] = []
    for number in lucks[: totals.size]:
        running = np.cumsum(weights[order])
        while running[-1] <= number * (running[-1] + tail) and order.size < totals.size:
            order, tail = _head(totals, weights, 16 * order.size)
            running = np.cumsum(weights[order])
        likely = np.flatnonzero(weights[order])
        if not likely.size:  # what is left is too improbable for float64
            break
        place = int(np.searchsorted(running, number * (running[-1] + tail), side="right"))
        drawn.append(int(order[min(place, likely[-1])]))  # rounding may end the sum just below 1
        weights[drawn[-1]] = 0.0
    return np.array(drawn, np.int64)


def _head(totals: Float32, weights: FloatArray, count: int) -> tuple[IntArray, float]:
    """Return the first entries in rank order, and the sum of the weights of all others."""
    order = rank_prefix(totals, min(count, totals.size))
    others = weights.copy()
    others[order] = 0.0
    return order, float(others.sum())


def _rows(logits: Sequence[Float32], contexts: Sequence[StepContext]) -> list[Row]:
    scratch = np.empty_like(logits[0])
    return [Row(row, context.position + 1, scratch) for row, context in zip(logits, contexts, strict=True)]


def _part(beam: int, token_ids: IntArray, logprobs: Float32, steps: Float32, total: float) -> Expansion:
    """Return one beam's continuations; those that are ruled out are none."""
    found = Expansion(np.full(token_ids.size, beam), token_ids, logprobs, steps, steps + np.float32(total))
    return found.part(np.flatnonzero(np.isfinite(found.totals)))


def _together(parts: Sequence[Expansion]) -> Expansion:
    beams, token_ids, logprobs, steps, totals = map(np.concatenate, zip(*parts, strict=True))
    return Expansion(beams, token_ids, logprobs, steps, totals)
