"""Repetition penalty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from playground.samplers.base import INCLUDE_PROMPT, WINDOW, Knob, Rule, Sampler, StepContext, knob
from playground.samplers.plain import Plain, recent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playground.numerics import Distribution, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class RepetitionPenalty(Sampler):
    """Makes tokens that have already appeared less likely, or, below 1, more likely.

    Each distinct token of the window is lowered once, however often it appeared: a logit below 0 is multiplied by the
    penalty, another is divided by it. Adding a constant to all logits therefore changes the result.

    Penalty 0.01 to 10, neutral 1, usual 1.1. ``window`` 0 counts everything, n the last n tokens;
    ``include_prompt`` false leaves the prompt out. transformers counts prompt and output; llama.cpp's server the last
    64 tokens with the prompt, and there a window of 0 turns the penalty off; llama-cpp-python the written tokens only.
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
    window: int = knob(WINDOW)
    include_prompt: bool = knob(INCLUDE_PROMPT)

    def plain(self) -> Plain:
        """Return the same over the tokens of the window."""
        window = recent(self.window, include_prompt=self.include_prompt)
        processor = f"RepetitionPenaltyLogitsProcessor({self.penalty})"
        return Plain(repetition_penalty, (window, self.penalty), processor=processor)

    def apply(self, distribution: Distribution, context: StepContext) -> Distribution:
        """Lower the logits of the tokens in the window."""
        if self.is_neutral or distribution.size == 1:
            return distribution
        seen = np.unique(self._recent(context))
        entries, inside = distribution.locate(seen)
        entries = entries[inside]
        old = distribution.logits[entries]
        new = np.where(old < 0, old * self.penalty, old / self.penalty)
        if (new == old).all():
            return distribution
        logits = distribution.logits.copy()
        logits[entries] = new
        return distribution.with_logits(logits)

    def rule(self, before: Distribution, context: StepContext) -> Rule | None:
        """Name the tokens of the window."""
        return Rule.naming(
            before, self._recent(context), f"logit above 0 ÷ {self.penalty:g}, below 0 × {self.penalty:g}"
        )

    def _recent(self, context: StepContext) -> IntArray:
        return context.recent(self.window, include_prompt=self.include_prompt)


def repetition_penalty(logits: FloatArray, ids: Sequence[int], penalty: float) -> FloatArray:
    """Multiply the logit of each token that has appeared by the penalty where it is below 0, else divide it."""
    seen, changed = sorted(set(ids)), logits.copy()
    changed[seen] = np.where(logits[seen] < 0, logits[seen] * penalty, logits[seen] / penalty)
    return changed
