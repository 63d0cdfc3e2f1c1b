"""Repetition penalty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from playground.samplers.base import Knob, Sampler, StepContext, knob

if TYPE_CHECKING:
    from playground.numerics import Distribution


@dataclass(frozen=True, slots=True)
class RepetitionPenalty(Sampler):
    """Makes tokens that have already appeared less likely, or, below 1, more likely.

    Each distinct token of the window is lowered once, however often it appeared: a logit below 0 is multiplied by the
    penalty, another is divided by it. Adding a constant to all logits therefore changes the result.

    Penalty 0.01 to 10, neutral 1, usual 1.1. ``window`` 0 counts everything, n the last n tokens;
    ``include_prompt`` false leaves the prompt out. transformers counts prompt and output; llama.cpp's server the last
    64 tokens with the prompt; llama-cpp-python the written tokens only.
    Reference: Keskar et al., CTRL, 2019, arXiv:1909.05858, section 4.1.

    >>> import numpy as np
    >>> from playground.numerics import Distribution
    >>> four = Distribution.of_logits(np.array([2.0, 1.0, 0.0, -1.0]))
    >>> RepetitionPenalty(2.0).apply(four, StepContext(history=(0, 3, 3))).logits.tolist()
    [1.0, 1.0, 0.0, -2.0]
    """

    key: ClassVar[str] = "repetition_penalty"
    label: ClassVar[str] = "Repetition penalty"

    penalty: float = knob(
        Knob(
            "Repetition penalty",
            float,
            0.01,
            10,
            neutral=1.0,
            usual=1.1,
            step=0.01,
            slider_maximum=2,
            off="1 turns it off.",
        )
    )
    window: int = knob(
        Knob("Penalty window", int, 0, 1_000_000, neutral=0, usual=64, step=1, slider_maximum=512, off="0 counts all.")
    )
    include_prompt: bool = knob(
        Knob("Count the prompt", bool, 0, 1, neutral=True, usual=True, step=1, slider_maximum=1)
    )

    def apply(self, distribution: Distribution, context: StepContext) -> Distribution:
        """Lower the logits of the tokens in the window."""
        if self.is_neutral:
            return distribution
        seen = context.history if self.include_prompt else context.history[context.prompt_length :]
        seen = seen[-self.window :] if self.window else seen
        if not seen:
            return distribution
        entries, inside = distribution.locate(np.unique(np.asarray(seen)))
        if not inside.any():
            return distribution
        entries = entries[inside]
        logits = distribution.logits.copy()
        old = logits[entries]
        logits[entries] = np.where(old < 0, old * self.penalty, old / self.penalty)
        return distribution.with_logits(logits)
