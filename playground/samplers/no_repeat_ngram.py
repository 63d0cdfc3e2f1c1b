"""No repeated n-grams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from playground.samplers.base import Knob, Rule, Sampler, StepContext, knob
from playground.samplers.plain import IDS, Plain, only

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playground.numerics import Distribution, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class NoRepeatNgram(Sampler):
    """Removes every token that would repeat a run of n tokens which has appeared before, in the prompt too.

    At 3, no three tokens in a row occur twice. The lower n is, the harder it bites: 2 forbids a name of two tokens to
    be said a second time, 1 forbids every token that has appeared.

    Formula: remove each token that followed an earlier appearance of the last n − 1 tokens; where that would leave
    none, the best token stays. Range 0 to 1,000, neutral 0, usual 3. transformers calls it no_repeat_ngram_size, and
    there every token can go; llama.cpp has none, see DRY for a softer cure.
    Reference: Paulus, Xiong, Socher, A Deep Reinforced Model for Abstractive Summarization, 2017, arXiv:1705.04304,
    section 2.5.

    >>> import numpy as np
    >>> from playground.numerics import Distribution
    >>> four = Distribution.of_logits(np.log([0.5, 0.25, 0.15, 0.1]))
    >>> NoRepeatNgram(2).apply(four, StepContext(history=(3, 1, 0, 3))).probs.round(3).tolist()  # 3 1 has appeared
    [0.667, 0.0, 0.2, 0.133]
    """

    key: ClassVar[str] = "no_repeat_ngram"
    label: ClassVar[str] = "No repeated n-grams"

    size: int = knob(
        Knob("Tokens in a run", int, 0, 1000, neutral=0, usual=3, step=1, slider_maximum=10, off="0 turns it off.")
    )

    def plain(self) -> Plain:
        """Return the search for earlier appearances."""
        return Plain(no_repeat_ngram, (IDS, self.size))

    def apply(self, distribution: Distribution, context: StepContext) -> Distribution:
        """Remove the tokens that would complete a run for the second time."""
        if self.is_neutral or len(context.history) < self.size:
            return distribution
        return distribution.only(distribution.without(self._forbidden(context)))

    def rule(self, before: Distribution, context: StepContext) -> Rule | None:
        """Name the tokens that would complete a run."""
        return Rule.naming(before, self._forbidden(context), f"n = {self.size}")

    def _forbidden(self, context: StepContext) -> IntArray:
        return followers(np.array(context.history, dtype=np.int64), self.size - 1)


def followers(history: IntArray, length: int) -> IntArray:
    """Return the tokens that followed earlier appearances of the last ``length`` tokens of a history, (m,)."""
    places = np.arange(length, history.size)
    for back in range(1, length + 1):
        places = places[history[places - back] == history[-back]]
    return history[places]


def no_repeat_ngram(logits: FloatArray, ids: Sequence[int], size: int) -> FloatArray:
    """Remove every token that would repeat a run of so many tokens which has appeared before."""
    end = list(ids[len(ids) - size + 1 :])
    runs = [list(ids[start : start + size]) for start in range(len(ids) - size + 1)]
    keep = np.ones(logits.size, dtype=bool)
    keep[[run[-1] for run in runs if run[:-1] == end]] = False
    return only(logits, keep)
