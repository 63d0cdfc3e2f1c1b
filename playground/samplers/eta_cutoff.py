"""Eta cutoff."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from playground.samplers.base import Knob, Rule, Sampler, StepContext, knob
from playground.samplers.plain import Plain, entropy, log_probabilities, only
from playground.samplers.rules import about

if TYPE_CHECKING:
    from playground.numerics import Distribution, FloatArray


@dataclass(frozen=True, slots=True)
class EtaCutoff(Sampler):
    """Removes every token whose probability is below η, a floor that sinks where the model hesitates.

    Like the epsilon cutoff while the model is sure; where the distribution is flat, the floor sinks with it and more
    tokens stay.

    Formula: p ≥ η, η = min(ε, √ε × exp(−H)), H the entropy in nats, ε the number that is set. η is never above the best
    probability. Range 0 to 1, neutral 0, usual 0.002 (the paper: 0.0003 to 0.004). transformers computes in float32;
    llama.cpp has none.
    Reference: Hewitt, Manning, Liang, Truncation Sampling as Language Model Desmoothing, 2022, arXiv:2210.15191.

    >>> import numpy as np
    >>> from playground.numerics import Distribution
    >>> four = Distribution.of_logits(np.log([0.5, 0.25, 0.15, 0.1]))  # H = 1.208: η = √0.3 × 0.299 = 0.164
    >>> EtaCutoff(0.3).apply(four, StepContext()).probs.round(3).tolist()
    [0.667, 0.333, 0.0, 0.0]
    """

    key: ClassVar[str] = "eta_cutoff"
    label: ClassVar[str] = "Eta cutoff"

    eta_cutoff: float = knob(
        Knob(
            "Eta cutoff", float, 0, 1, neutral=0.0, usual=0.002, step=0.0001, slider_maximum=0.01, off="0 turns it off."
        )
    )

    def plain(self) -> Plain:
        """Return the comparison with η."""
        return Plain(eta_cutoff, (self.eta_cutoff,))

    def apply(self, distribution: Distribution, context: StepContext) -> Distribution:  # noqa: ARG002 (one signature for all)
        """Keep the probabilities at or above η."""
        if self.is_neutral:
            return distribution
        mask = distribution.log_probs(distribution.logits) >= min(self._log_floors(distribution))
        return distribution.only(mask)

    def rule(self, before: Distribution, context: StepContext) -> Rule | None:  # noqa: ARG002 (one signature for all)
        """Return η and the one of its two terms that makes it."""
        fixed, sinking = self._log_floors(before)
        if fixed <= sinking:
            return Rule("floor", self.eta_cutoff, f"η = ε = {self.eta_cutoff * 100:g}%")
        eta = math.exp(sinking)
        return Rule("floor", eta, f"η = √{self.eta_cutoff:g} × e^−{before.entropy_nats:.2f} {about(eta)}")

    def _log_floors(self, distribution: Distribution) -> tuple[float, float]:
        """Return the logarithms of ε and of √ε × exp(−H)."""
        log_epsilon = math.log(self.eta_cutoff)
        return log_epsilon, log_epsilon / 2 - distribution.entropy_nats


def eta_cutoff(logits: FloatArray, epsilon: float) -> FloatArray:
    """Remove every token less probable than η, the smaller of ε and √ε × exp(−entropy)."""
    floor = min(math.log(epsilon), math.log(epsilon) / 2 - entropy(logits))
    return only(logits, log_probabilities(logits) >= floor)
