"""Presence penalty."""

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
class PresencePenalty(Sampler):
    """Lowers every token that has already appeared by the same amount, however often it did; below 0 raises it.

    Turned up, the text moves on to words that it has not used yet. Unlike the repetition penalty it subtracts, so it
    does not matter where the logits' zero lies.

    Formula: logit − penalty for each distinct token of the window. Penalty −100 to 100, neutral 0, usual 0.5.
    ``window`` 0 counts everything, n the last n tokens; ``include_prompt`` false leaves the prompt out: so count
    OpenAI's API and vLLM, which take −2 to 2. llama.cpp counts the last 64 tokens with the prompt and
    takes any number; transformers has none.
    Reference: OpenAI, API reference, "presence_penalty".

    >>> import numpy as np
    >>> from playground.numerics import Distribution
    >>> four = Distribution.of_logits(np.array([2.0, 1.0, 0.0, -1.0]))
    >>> PresencePenalty(0.5).apply(four, StepContext(history=(0, 3, 3))).logits.tolist()
    [1.5, 1.0, 0.0, -1.5]
    """

    key: ClassVar[str] = "presence_penalty"
    label: ClassVar[str] = "Presence penalty"

    penalty: float = knob(subtracted("Presence penalty", usual=0.5))
    window: int = knob(WINDOW)
    include_prompt: bool = knob(INCLUDE_PROMPT)

    def plain(self) -> Plain:
        """Return the same over the tokens of the window."""
        return Plain(presence_penalty, (recent(self.window, include_prompt=self.include_prompt), self.penalty))

    def apply(self, distribution: Distribution, context: StepContext) -> Distribution:
        """Lower the logits of the tokens in the window."""
        if self.is_neutral:
            return distribution
        seen = np.unique(self._recent(context))
        return distribution.with_added(seen, np.full(seen.size, -self.penalty))

    def rule(self, before: Distribution, context: StepContext) -> Rule | None:
        """Name the tokens of the window."""
        return Rule.naming(before, self._recent(context), f"logit − {self.penalty:g}".replace("− -", "+ "))

    def _recent(self, context: StepContext) -> IntArray:
        return context.recent(self.window, include_prompt=self.include_prompt)


def presence_penalty(logits: FloatArray, ids: Sequence[int], penalty: float) -> FloatArray:
    """Subtract the penalty from the logit of each token that has appeared."""
    changed = logits.copy()
    changed[sorted(set(ids))] -= penalty
    return changed
