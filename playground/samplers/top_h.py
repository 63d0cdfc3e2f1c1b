"""Top-H."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from playground.numerics import BITS_PER_NAT
from playground.ranking import crossing
from playground.samplers.base import Knob, Rule, Sampler, StepContext, knob
from playground.samplers.plain import Plain, entropy, log_probabilities, only_these, probabilities, ranked

if TYPE_CHECKING:
    from playground.numerics import Distribution, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class TopH(Sampler):
    """Keeps the most probable tokens as long as together they carry at most the share h of the entropy.

    A budget of uncertainty: where the model is sure, the budget is small and one token uses it up; where it hesitates,
    more tokens fit in.

    Formula: from the best down, add up −p ln p; the tokens up to the last sum ≤ h × H stay, H the entropy. The best
    token always stays. Range 0 to 1, neutral 1, usual 0.4. transformers looks at the 100 best tokens only and takes p
    and H as if there were no others; here they are those of all tokens. llama.cpp has none. The paper states the bound
    for the entropy of the tokens that stay, made to add up to 1 again; its authors' program adds up −p ln p, as here.
    Reference: Baghaei Potraghloo et al., Top-H Decoding, 2025, arXiv:2509.02510.

    >>> import numpy as np
    >>> from playground.numerics import Distribution
    >>> four = Distribution.of_logits(np.log([0.5, 0.25, 0.15, 0.1]))  # −p ln p: 0.347, 0.347, 0.285, 0.230; H = 1.208
    >>> TopH(0.6).apply(four, StepContext()).probs.round(3).tolist()
    [0.667, 0.333, 0.0, 0.0]
    """

    key: ClassVar[str] = "top_h"
    label: ClassVar[str] = "Top-H"

    top_h: float = knob(
        Knob("Top-H", float, 0, 1, neutral=1.0, usual=0.4, step=0.01, slider_maximum=1, off="1 turns it off.")
    )

    def plain(self) -> Plain:
        """Return the walk down the ranks."""
        return Plain(top_h, (self.top_h,))

    def apply(self, distribution: Distribution, context: StepContext) -> Distribution:  # noqa: ARG002 (one signature for all)
        """Rank until the running sum passes the budget."""
        if self.is_neutral:
            return distribution
        budget = self._budget(distribution)
        beyond = math.nextafter(budget, math.inf)
        found = crossing(distribution.raw, lambda part: entropy_parts(distribution, part), beyond)
        return distribution.first(found, int(np.searchsorted(found.running, budget, side="right")))

    def rule(self, before: Distribution, context: StepContext) -> Rule | None:  # noqa: ARG002 (one signature for all)
        """Return the budget in bits."""
        budget = self._budget(before) * BITS_PER_NAT
        return Rule("budget", budget, f"{self.top_h:g} × {before.entropy_bits:.2f} ≈ {budget:.2f} bits")

    def _budget(self, distribution: Distribution) -> float:
        """Return how much of the entropy may be carried, in nats."""
        return self.top_h * distribution.entropy_nats


def entropy_parts(distribution: Distribution, part: IntArray | slice) -> FloatArray:
    """Return −p ln p of some entries, (m,)."""
    parts: FloatArray = -distribution.weigh(part) * distribution.log_probs(distribution.logits[part])
    return parts


def top_h(logits: FloatArray, h: float) -> FloatArray:
    """Keep the most probable tokens as long as together they carry at most the share h of the entropy."""
    order = ranked(logits)[0][: np.isfinite(logits).sum()]
    running = np.cumsum(-probabilities(logits)[order] * log_probabilities(logits)[order])
    count = int(np.searchsorted(running, h * entropy(logits), side="right"))
    return only_these(logits, order[: max(1, count)])
