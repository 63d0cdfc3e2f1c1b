"""XTC, exclude top choices."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from playground.samplers.base import Knob, Rule, Sampler, Sized, StepContext, knob
from playground.samplers.luck import luck
from playground.samplers.plain import Name, Plain, log_probabilities, only_these, probabilities, ranked
from playground.sentences import Sentence

if TYPE_CHECKING:
    from playground.numerics import Distribution, FloatArray

HALF = 0.5


@dataclass(frozen=True, slots=True)
class Xtc(Sampler):
    """Now and then removes the most obvious tokens, so that the text leaves the beaten track.

    Where several tokens are good enough, all of them but the least probable go; where only one is, nothing happens. The
    higher the probability, the more often; the lower the threshold, the more tokens count as good enough.

    Formula: with the set probability, of the tokens with p ≥ threshold keep only the last in rank order, and all below.
    Probability 0 to 1, neutral 0, usual 0.5. Threshold 0 to 1, usual 0.1; two tokens cannot both hold more than 0.5, so
    above that it does nothing. Whether it acts at a step depends on seed and position alone, so a step replays.
    llama.cpp throws a die of its own instead and lets XTC act before temperature; transformers has none.
    Reference: p-e-w, Exclude Top Choices, text-generation-webui pull request 6335, 2024.

    >>> import numpy as np
    >>> from playground.numerics import Distribution
    >>> four = Distribution.of_logits(np.log([0.5, 0.25, 0.15, 0.1]))
    >>> Xtc(1.0, threshold=0.2).apply(four, StepContext()).probs.round(3).tolist()
    [0.0, 0.5, 0.3, 0.2]
    """

    key: ClassVar[str] = "xtc"
    label: ClassVar[str] = "XTC"
    uses_luck: ClassVar[bool] = True

    probability: float = knob(
        Knob("XTC probability", float, 0, 1, neutral=0.0, usual=0.5, step=0.05, slider_maximum=1, off="0 turns it off.")
    )
    threshold: float = knob(
        Knob(
            "XTC threshold",
            float,
            0,
            1,
            neutral=0.1,
            usual=0.1,
            step=0.01,
            slider_maximum=0.5,
            off="Above 0.5 it removes nothing.",
        )
    )

    def note(self, vocabulary: Sized) -> Sentence | None:  # noqa: ARG002 (one signature for all)
        """Say when the threshold is out of reach."""
        if self.is_neutral or self.threshold <= HALF:
            return None
        return Sentence(
            "XTC's threshold {threshold:g} is above 0.5, which no two tokens can both reach; it removes nothing.",
            threshold=self.threshold,
        )

    def plain(self) -> Plain:
        """Return the throw of its own die and the cut from above."""
        return Plain(xtc, (Name('luck(SEED, position, "xtc")'), self.probability, self.threshold))

    def apply(self, distribution: Distribution, context: StepContext) -> Distribution:
        """Where luck will have it, remove the best tokens down to the last that is good enough."""
        if self.is_neutral or luck(context.seed, context.position, "xtc") >= self.probability:
            return distribution
        floor = math.log(self.threshold) if self.threshold else -math.inf
        good = np.flatnonzero(distribution.log_probs(distribution.logits) >= floor)
        if good.size < 2:  # noqa: PLR2004 (two to choose from)
            return distribution
        mask = np.ones(distribution.size, dtype=np.bool_)
        mask[good] = False
        raw = distribution.raw[good]
        mask[good[np.flatnonzero(raw == raw.min())[-1]]] = True  # the last in rank order: the higher id on a tie
        return distribution.only(mask)

    def rule(self, before: Distribution, context: StepContext) -> Rule | None:  # noqa: ARG002 (one signature for all)
        """Return the threshold."""
        return Rule("ceiling", self.threshold, f"threshold {self.threshold * 100:g}%")


def xtc(logits: FloatArray, dart: float, probability: float, threshold: float) -> FloatArray:
    """Where the dart hits, remove of the tokens that reach the threshold all but the least probable."""
    if dart >= probability:
        return logits
    good = (probabilities(logits) > 0) if threshold == 0 else (log_probabilities(logits) >= np.log(threshold))
    return only_these(logits, ranked(logits)[0][max(0, good.sum() - 1) :])
