"""Top-p, nucleus sampling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from playground.ranking import ROUNDING
from playground.samplers.base import Knob, Rule, Sampler, StepContext, knob
from playground.samplers.plain import Plain, only_these, ranked

if TYPE_CHECKING:
    from playground.numerics import Distribution, FloatArray


@dataclass(frozen=True, slots=True)
class TopP(Sampler):
    """Keeps the most probable tokens until together they hold the share p, and removes the rest.

    A staircase: where the model is sure, one or two tokens reach p; where it is not, hundreds stay.

    The smallest set whose probabilities add up to at least p; the token that crosses p stays. Among equally
    probable tokens the lower id comes first, in transformers the higher, in llama.cpp either. With ``keep_crossing``
    false it goes, as some courses teach it: the set may not hold more than p, but the best token always stays.
    1 turns it off; at 0 the best token stays. Range 0 to 1, usual 0.9. transformers and llama.cpp both keep the
    token that crosses. Sums are compared to within 1e-12, so that 0.5 + 0.3 reaches 0.8; elsewhere rounding
    decides. It looks at the distribution that reaches it: after temperature in transformers' order, before it in
    llama.cpp's.
    Reference: Holtzman et al., The Curious Case of Neural Text Degeneration, 2019, arXiv:1904.09751, section 3.1.

    >>> import numpy as np
    >>> from playground.numerics import Distribution
    >>> four = Distribution.of_logits(np.log([0.5, 0.25, 0.15, 0.1]))
    >>> TopP(0.7).apply(four, StepContext()).probs.round(3).tolist()
    [0.667, 0.333, 0.0, 0.0]
    """

    key: ClassVar[str] = "top_p"
    label: ClassVar[str] = "Top-p"

    top_p: float = knob(
        Knob("Top-p", float, 0, 1, neutral=1.0, usual=0.9, step=0.01, slider_maximum=1, off="1 turns it off.")
    )
    keep_crossing: bool = knob(
        Knob("Keep the token that crosses p", bool, 0, 1, neutral=True, usual=True, step=1, slider_maximum=1)
    )

    @property
    def leaves_one(self) -> bool:
        """Nothing of p is left for a second token."""
        return self.top_p == 0

    def plain(self) -> Plain:
        """Return the walk down the ranks, of the variant that is set."""
        return Plain(top_p if self.keep_crossing else top_p_under, (self.top_p,))

    def apply(self, distribution: Distribution, context: StepContext) -> Distribution:  # noqa: ARG002 (one signature for all)
        """Rank until the running sum reaches p, or passes it where the token that crosses goes."""
        if self.is_neutral:
            return distribution
        mass = self.top_p + (-ROUNDING if self.keep_crossing else ROUNDING)
        found = distribution.reach(mass)
        kept = int(np.searchsorted(found.running, mass, side="left")) + self.keep_crossing
        return distribution.first(found, kept)

    def rule(self, before: Distribution, context: StepContext) -> Rule | None:  # noqa: ARG002 (one signature for all)
        """Return p."""
        return Rule("staircase" if self.keep_crossing else "staircase_under", self.top_p, f"p = {self.top_p:g}")


def top_p(logits: FloatArray, p: float) -> FloatArray:
    """Keep the most probable tokens until together they hold the share p; the one that crosses p stays."""
    order, running = ranked(logits)
    count = int(np.searchsorted(running, p - ROUNDING)) + 1  # so that 0.5 + 0.3 reaches 0.8
    return only_these(logits, order[:count])


def top_p_under(logits: FloatArray, p: float) -> FloatArray:
    """Keep the most probable tokens as long as together they do not hold more than the share p; the best stays."""
    order, running = ranked(logits)
    count = int(np.searchsorted(running, p + ROUNDING))  # so that 0.5 + 0.3 is not more than 0.8
    return only_these(logits, order[: max(1, count)])
