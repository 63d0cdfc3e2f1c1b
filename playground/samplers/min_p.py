"""Min-p."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from playground.samplers.base import Knob, Rule, Sampler, StepContext, knob
from playground.samplers.plain import Plain, only
from playground.samplers.rules import about, percent

if TYPE_CHECKING:
    from playground.numerics import Distribution, FloatArray


@dataclass(frozen=True, slots=True)
class MinP(Sampler):
    """Removes every token that is less probable than a share of the best one.

    A floor that hangs from the top: where the model is sure, it is high and few tokens stand above it; where the model
    hesitates, it sinks and many do.

    Formula: p ≥ min_p × p(best), taken on the logits: logit ≥ highest + ln(min_p), so that no rounding of
    probabilities decides. Range 0 to 1, neutral 0, usual 0.05; at 1 the best token stays, with its ties.
    transformers compares float32 probabilities, llama.cpp float32 logits; a token exactly on the floor stays in all.
    Reference: Nguyen et al., Turning Up the Heat: Min-p Sampling, 2024, arXiv:2407.01082.

    >>> import numpy as np
    >>> from playground.numerics import Distribution
    >>> four = Distribution.of_logits(np.log([0.5, 0.25, 0.15, 0.1]))
    >>> MinP(0.4).apply(four, StepContext()).probs.round(3).tolist()
    [0.667, 0.333, 0.0, 0.0]
    """

    key: ClassVar[str] = "min_p"
    label: ClassVar[str] = "Min-p"

    min_p: float = knob(
        Knob("Min-p", float, 0, 1, neutral=0.0, usual=0.05, step=0.01, slider_maximum=1, off="0 turns it off.")
    )

    def plain(self) -> Plain:
        """Return the comparison with the floor."""
        return Plain(min_p, (self.min_p,), processor=f"MinPLogitsWarper({self.min_p})")

    def apply(self, distribution: Distribution, context: StepContext) -> Distribution:  # noqa: ARG002 (one signature for all)
        """Keep the logits at or above the floor."""
        if self.is_neutral:
            return distribution
        return distribution.only(distribution.logits >= self._floor(distribution))

    def rule(self, before: Distribution, context: StepContext) -> Rule | None:  # noqa: ARG002 (one signature for all)
        """Return the floor as a probability."""
        best, floor = np.exp(before.log_probs(np.array([before.peak, self._floor(before)]))).tolist()
        return Rule("floor", floor, f"{self.min_p:g} × {percent(best)} {about(floor)}")

    def _floor(self, distribution: Distribution) -> float:
        """Return the lowest logit that stays."""
        return distribution.peak + math.log(self.min_p)


def min_p(logits: FloatArray, share: float) -> FloatArray:
    """Remove every token that is less probable than a share of the best one."""
    return only(logits, logits >= logits.max() + math.log(share))
