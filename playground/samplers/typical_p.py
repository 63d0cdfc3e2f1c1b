"""Typical-p, locally typical sampling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from playground.numerics import BITS_PER_NAT
from playground.ranking import ROUNDING, crossing
from playground.samplers.base import Knob, Rule, Sampler, StepContext, knob
from playground.samplers.plain import Plain, entropy, log_probabilities, only_these, probabilities

if TYPE_CHECKING:
    from playground.numerics import Distribution, FloatArray


@dataclass(frozen=True, slots=True)
class TypicalP(Sampler):
    """Keeps the tokens that are about as surprising as the model expects to be, until they hold the share p.

    Neither too obvious nor too odd: tokens are taken by how close their surprisal comes to the entropy, from both
    sides. The most probable token can be the one that goes, so a lower p makes the text less predictable at first, and
    then narrow.

    Formula: sort by |−ln p − H|, H the entropy in nats; keep the smallest set whose probabilities add up to at least p.
    On a tie the lower token id comes first. Range 0 to 1, neutral 1, usual 0.95; at 0 the most typical token stays.
    transformers also keeps what is tied with the last token; llama.cpp goes on where the sum is exactly p.
    Reference: Meister et al., Locally Typical Sampling, 2022, arXiv:2202.00666.

    >>> import numpy as np
    >>> from playground.numerics import Distribution
    >>> four = Distribution.of_logits(np.log([0.5, 0.25, 0.15, 0.1]))
    >>> TypicalP(0.3).apply(four, StepContext()).probs.round(
    ...     3
    ... ).tolist()  # H is 1.208; −ln p: 0.693, 1.386, 1.897, 2.303
    [0.667, 0.333, 0.0, 0.0]
    """

    key: ClassVar[str] = "typical_p"
    label: ClassVar[str] = "Typical-p"

    typical_p: float = knob(
        Knob("Typical-p", float, 0, 1, neutral=1.0, usual=0.95, step=0.01, slider_maximum=1, off="1 turns it off.")
    )

    def plain(self) -> Plain:
        """Return the walk away from the entropy."""
        return Plain(typical_p, (self.typical_p,))

    def apply(self, distribution: Distribution, context: StepContext) -> Distribution:  # noqa: ARG002 (one signature for all)
        """Take the most typical tokens until the running sum reaches p."""
        if self.is_neutral or distribution.size == 1:
            return distribution
        plain = distribution.by_id()
        typical = self._most_typical(plain)
        return distribution if typical is plain else typical

    def rule(self, before: Distribution, context: StepContext) -> Rule | None:  # noqa: ARG002 (one signature for all)
        """Return the entropy and the distance from it of the last token taken, both in bits."""
        plain = before.by_id()
        entries = plain.locate(self._most_typical(plain).token_ids)[0]
        entropy, distance = before.entropy_bits, float(distances(plain)[entries].max()) * BITS_PER_NAT
        said = f"p = {self.typical_p:g}: surprisal ≈ {entropy:.2f} ± {distance:.2f} bits"
        return Rule("distance", distance, said, center=entropy)

    def _most_typical(self, plain: Distribution) -> Distribution:
        """Keep the tokens nearest to the entropy until their probabilities reach p."""
        mass = self.typical_p - ROUNDING
        found = crossing(-distances(plain), plain.weigh, mass)
        return plain.first(found, int(np.searchsorted(found.running, mass, side="left")) + 1)


def distances(plain: Distribution) -> FloatArray:
    """Return how far each token's surprisal is from the entropy, in nats, (n,)."""
    far: FloatArray = np.abs(plain.log_probs(plain.logits) + plain.entropy_nats)
    return far


def typical_p(logits: FloatArray, p: float) -> FloatArray:
    """Keep the tokens whose surprisal is nearest to the entropy, until together they hold the share p."""
    distance = np.abs(log_probabilities(logits) + entropy(logits))
    order = np.argsort(distance, kind="stable")
    running = np.cumsum(probabilities(logits)[order])
    count = int(np.searchsorted(running, p - ROUNDING)) + 1  # so that 0.5 + 0.3 reaches 0.8
    return only_these(logits, order[:count])
