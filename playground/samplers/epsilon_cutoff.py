"""Epsilon cutoff."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from playground.samplers.base import Knob, Rule, Sampler, StepContext, knob
from playground.samplers.plain import Plain, log_probabilities, only

if TYPE_CHECKING:
    from playground.numerics import Distribution, FloatArray


@dataclass(frozen=True, slots=True)
class EpsilonCutoff(Sampler):
    """Removes every token whose probability is below ε.

    A floor at a fixed height: in a flat distribution few tokens reach it, in a peaked one too. Turned up far, only the
    best token is left.

    Formula: p ≥ ε; where no token reaches it, the best one stays, the lowest id on a tie. Range 0 to 1, neutral 0,
    usual 0.0006 (the paper: 0.0003 to 0.0009). transformers keeps all tokens tied for the best where none reaches ε;
    llama.cpp has none.
    Reference: Hewitt, Manning, Liang, Truncation Sampling as Language Model Desmoothing, 2022, arXiv:2210.15191.

    >>> import numpy as np
    >>> from playground.numerics import Distribution
    >>> four = Distribution.of_logits(np.log([0.5, 0.25, 0.15, 0.1]))
    >>> EpsilonCutoff(0.2).apply(four, StepContext()).probs.round(3).tolist()
    [0.667, 0.333, 0.0, 0.0]
    """

    key: ClassVar[str] = "epsilon_cutoff"
    label: ClassVar[str] = "Epsilon cutoff"

    epsilon_cutoff: float = knob(
        Knob(
            "Epsilon cutoff",
            float,
            0,
            1,
            neutral=0.0,
            usual=0.0006,
            step=0.0001,
            slider_maximum=0.01,
            off="0 turns it off.",
        )
    )

    def plain(self) -> Plain:
        """Return the comparison with ε."""
        return Plain(epsilon_cutoff, (self.epsilon_cutoff,))

    def apply(self, distribution: Distribution, context: StepContext) -> Distribution:  # noqa: ARG002 (one signature for all)
        """Keep the probabilities at or above ε."""
        if self.is_neutral:
            return distribution
        mask = distribution.log_probs(distribution.logits) >= math.log(self.epsilon_cutoff)
        return distribution.only(mask)

    def rule(self, before: Distribution, context: StepContext) -> Rule | None:  # noqa: ARG002 (one signature for all)
        """Return ε."""
        return Rule("floor", self.epsilon_cutoff, f"ε = {self.epsilon_cutoff * 100:g}%")


def epsilon_cutoff(logits: FloatArray, epsilon: float) -> FloatArray:
    """Remove every token less probable than ε; where that is all of them, the best stays."""
    return only(logits, log_probabilities(logits) >= math.log(epsilon))
