"""Frequency penalty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from playground.samplers.base import INCLUDE_PROMPT, WINDOW, Rule, Sampler, StepContext, knob, subtracted
from playground.samplers.plain import Plain, recent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playground.numerics import Distribution, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class FrequencyPenalty(Sampler):
    """Lowers a token each time it has appeared: twice as often, twice as far; below 0 raises it.

    Turned up, words that the text leans on wear out. In a long text it lowers "the" and the comma furthest of all, so a
    window helps.

    Formula: logit − penalty × count in the window. Penalty −100 to 100, neutral 0, usual 0.3. ``window`` 0 counts
    everything, n the last n tokens; ``include_prompt`` false leaves the prompt out: so count OpenAI's API and vLLM,
    which take −2 to 2. llama.cpp counts the last 64 tokens with the prompt and takes any number; transformers has none.
    Reference: OpenAI, API reference, "frequency_penalty".

    >>> import numpy as np
    >>> from playground.numerics import Distribution
    >>> four = Distribution.of_logits(np.array([2.0, 1.0, 0.0, -1.0]))
    >>> FrequencyPenalty(0.5).apply(four, StepContext(history=(0, 3, 3))).logits.tolist()
    [1.5, 1.0, 0.0, -2.0]
    """

    key: ClassVar[str] = "frequency_penalty"
    label: ClassVar[str] = "Frequency penalty"

    penalty: float = knob(subtracted("Frequency penalty", usual=0.3))
    window: int = knob(WINDOW)
    include_prompt: bool = knob(INCLUDE_PROMPT)

    def plain(self) -> Plain:
        """Return the same over the tokens of the window."""
        return Plain(frequency_penalty, (recent(self.window, include_prompt=self.include_prompt), self.penalty))

    def apply(self, distribution: Distribution, context: StepContext) -> Distribution:
        """Lower the logits of the tokens in the window by their counts."""
        if self.is_neutral:
            return distribution
        seen, counts = np.unique(self._recent(context), return_counts=True)
        return distribution.with_added(seen, -self.penalty * counts.astype(np.float64))

    def rule(self, before: Distribution, context: StepContext) -> Rule | None:
        """Name the tokens of the window."""
        return Rule.naming(before, self._recent(context), f"logit − {self.penalty:g} × count".replace("− -", "+ "))

    def _recent(self, context: StepContext) -> IntArray:
        return context.recent(self.window, include_prompt=self.include_prompt)


def frequency_penalty(logits: FloatArray, ids: Sequence[int], penalty: float) -> FloatArray:
    """Subtract the penalty from a token's logit as often as it has appeared."""
    return logits - penalty * np.bincount(np.array(ids, dtype=np.int64), minlength=logits.size)
