"""Mirostat 2."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from playground.numerics import BITS_PER_NAT
from playground.samplers.base import Knob, Rule, Sampler, StepContext, knob
from playground.samplers.plain import DRAWN, Plain, log_probabilities, only
from playground.samplers.rules import about

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playground.numerics import Distribution, FloatArray


@dataclass(frozen=True, slots=True)
class Mirostat(Sampler):
    """Steers how surprising the text is: cuts off what is too surprising and moves the cut after every token.

    When the text has been less surprising than wished, the cut opens and rarer tokens come in; when it has been more,
    it closes. A higher ``tau`` makes a more surprising text, a higher ``eta`` a quicker hand on the wheel.

    Formula: keep the tokens with −log₂ p ≤ μ, the best always; μ begins at 2τ and after each token falls by η × (its
    surprisal − τ), the surprisal being −log₂ of the probability with which it was drawn. τ 0 to 20 bits, neutral 0,
    usual 5; η 0 to 1, usual 0.1. μ is computed from the written tokens, so that any step replays alone. A token that
    was removed and that a person chose all the same, or of which nothing is known, leaves μ as it is.
    llama.cpp lets Mirostat replace every other sampler but temperature; here it stands in the chain, and surprisal is
    that of the final distribution, whatever stands behind it. transformers has none.
    Reference: Basu et al., Mirostat, 2020, arXiv:2007.14966.

    >>> import numpy as np
    >>> from playground.numerics import Distribution
    >>> four = Distribution.of_logits(np.log([0.5, 0.25, 0.15, 0.1]))  # 1, 2, 2.74 and 3.32 bits
    >>> Mirostat(1.0).apply(four, StepContext()).probs.round(3).tolist()  # μ = 2
    [0.667, 0.333, 0.0, 0.0]
    >>> Mirostat(1.0).cut(StepContext(position=1, final_probs=(0.0625,)))  # 2 − 0.1 × (4 − 1)
    1.7
    """

    key: ClassVar[str] = "mirostat"
    label: ClassVar[str] = "Mirostat"

    tau: float = knob(
        Knob(
            "Surprisal wished, bits",
            float,
            0,
            20,
            neutral=0.0,
            usual=5.0,
            step=0.1,
            slider_maximum=10,
            off="0 turns it off.",
        )
    )
    eta: float = knob(
        Knob(
            "Learning rate",
            float,
            0,
            1,
            neutral=0.1,
            usual=0.1,
            step=0.01,
            slider_maximum=1,
            off="0 keeps the cut where it is.",
        )
    )

    def cut(self, context: StepContext) -> float:
        """Return μ before a step, in bits."""
        surprisals = [-math.log2(prob) for prob in context.final_probs if prob > 0]
        return 2 * self.tau - self.eta * (math.fsum(surprisals) - len(surprisals) * self.tau)

    def plain(self) -> Plain:
        """Return the comparison with μ."""
        return Plain(mirostat, (DRAWN, self.tau, self.eta))

    def apply(self, distribution: Distribution, context: StepContext) -> Distribution:
        """Keep what is not too surprising."""
        if self.is_neutral:
            return distribution
        mask = distribution.log_probs(distribution.logits) * -BITS_PER_NAT <= self.cut(context)
        return distribution.only(mask)

    def rule(self, before: Distribution, context: StepContext) -> Rule | None:  # noqa: ARG002 (one signature for all)
        """Return 2^−μ, the probability of a token that is just not too surprising; below μ = 0 there is none."""
        cut = self.cut(context)
        if cut < 0:
            return Rule("floor", 1.0, f"μ ≈ {cut:.2f} bits".replace("-", "−"))
        floor = 2.0**-cut
        return Rule("floor", floor, f"2^−μ = 2^−{cut:.2f} {about(floor)}")


def mirostat(logits: FloatArray, drawn: Sequence[float], tau: float, eta: float) -> FloatArray:
    """Remove what is more surprising than μ bits; μ is 2τ, and falls by η × (surprisal − τ) with each token drawn."""
    mu = 2 * tau - eta * sum(-math.log2(prob) - tau for prob in drawn)
    return only(logits, log_probabilities(logits) * -BITS_PER_NAT <= mu)
