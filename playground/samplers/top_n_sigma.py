"""Top-nσ."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from playground.samplers.base import Knob, Rule, Sampler, StepContext, knob
from playground.samplers.plain import Plain, only
from playground.samplers.rules import about

if TYPE_CHECKING:
    from playground.numerics import Distribution, FloatArray


@dataclass(frozen=True, slots=True)
class TopNSigma(Sampler):
    """Keeps the tokens whose logits lie within n standard deviations of the best one.

    Most logits form one big hump of noise; the few that stand out to the right of it are what the model means. The cut
    follows the hump's width, so temperature before it does not change what stays.

    Formula: logit ≥ highest − n × σ, σ the standard deviation of the logits in play (the population's, divided by their
    number; tokens at −∞ do not count). Range 0 to 100, neutral 0, usual 1. transformers has none. llama.cpp computes in
    float32 and counts the same tokens.
    Reference: Tang et al., Top-nσ: Not All Logits Are You Need, 2024, arXiv:2411.07641.

    >>> import numpy as np
    >>> from playground.numerics import Distribution
    >>> four = Distribution.of_logits(np.array([4.0, 3.0, 1.0, 0.0]))  # mean 2, σ = √2.5 = 1.58
    >>> TopNSigma(1.0).apply(four, StepContext()).probs.round(3).tolist()
    [0.731, 0.269, 0.0, 0.0]
    """

    key: ClassVar[str] = "top_n_sigma"
    label: ClassVar[str] = "Top-nσ"

    top_n_sigma: float = knob(
        Knob("Top-nσ", float, 0, 100, neutral=0.0, usual=1.0, step=0.05, slider_maximum=5, off="0 turns it off.")
    )

    def plain(self) -> Plain:
        """Return the comparison with the cut."""
        return Plain(top_n_sigma, (self.top_n_sigma,))

    def apply(self, distribution: Distribution, context: StepContext) -> Distribution:  # noqa: ARG002 (one signature for all)
        """Keep the logits at or above the cut."""
        if self.is_neutral:
            return distribution
        return distribution.only(distribution.logits >= self._floor(distribution)[0])

    def rule(self, before: Distribution, context: StepContext) -> Rule | None:  # noqa: ARG002 (one signature for all)
        """Return the cut as a probability, and the logits that it comes from."""
        logit, sigma = self._floor(before)
        floor = math.exp(before.log_probs(np.array([logit]))[0])
        said = f"{before.peak:.2f} − {self.top_n_sigma:g} × {sigma:.2f} ≈ {logit:.2f}".replace("-", "−")
        return Rule("floor", floor, f"logit {said}, p {about(floor)}")

    def _floor(self, distribution: Distribution) -> tuple[float, float]:
        """Return the lowest logit that stays, and σ."""
        sigma = float(distribution.logits.std())
        return distribution.peak - self.top_n_sigma * sigma, sigma


def top_n_sigma(logits: FloatArray, n: float) -> FloatArray:
    """Keep the tokens whose logits lie within n standard deviations of the best one."""
    sigma = logits[logits > -np.inf].std()
    return only(logits, logits >= logits.max() - n * sigma)
