"""Top-k."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from playground.samplers.base import Knob, Rule, Sampler, Sized, StepContext, knob
from playground.samplers.plain import Plain, only_these, ranked
from playground.sentences import Sentence

if TYPE_CHECKING:
    from playground.numerics import Distribution, FloatArray


@dataclass(frozen=True, slots=True)
class TopK(Sampler):
    """Keeps the k most probable tokens and removes all others.

    A vertical cut: however flat or peaked the distribution is, the same number of tokens stays.

    Exactly k tokens stay; on a tie the lower token id stays. 0 turns it off; more than the vocabulary removes nothing.
    Range 0 to 1,000,000, usual 40. transformers keeps every token tied with the k-th, and sets k = 50 by itself when
    sampling; llama.cpp keeps exactly k.
    Reference: Fan, Lewis, Dauphin, Hierarchical Neural Story Generation, 2018, arXiv:1805.04833.

    >>> import numpy as np
    >>> from playground.numerics import Distribution
    >>> four = Distribution.of_logits(np.log([0.5, 0.25, 0.15, 0.1]))
    >>> TopK(2).apply(four, StepContext()).probs.round(3).tolist()
    [0.667, 0.333, 0.0, 0.0]
    """

    key: ClassVar[str] = "top_k"
    label: ClassVar[str] = "Top-k"

    top_k: int = knob(
        Knob("Top-k", int, 0, 1_000_000, neutral=0, usual=40, step=1, slider_maximum=200, off="0 turns it off.")
    )

    def note(self, vocabulary: Sized) -> Sentence | None:
        """Say when k is more than there is."""
        if self.top_k <= vocabulary.vocab_size:
            return None
        return Sentence(
            "Top-k {k:,} is more than the vocabulary's {count:,} tokens; it removes nothing.",
            k=self.top_k,
            count=vocabulary.vocab_size,
        )

    @property
    def leaves_one(self) -> bool:
        """Only the best."""
        return self.top_k == 1

    def plain(self) -> Plain:
        """Return the cut behind the first k in rank order."""
        return Plain(top_k, (self.top_k,))

    def apply(self, distribution: Distribution, context: StepContext) -> Distribution:  # noqa: ARG002 (one signature for all)
        """Keep the first k in rank order."""
        if self.is_neutral or self.top_k >= distribution.size:
            return distribution
        return distribution.best(self.top_k)

    def rule(self, before: Distribution, context: StepContext) -> Rule | None:  # noqa: ARG002 (one signature for all)
        """Return k."""
        return Rule("cut", self.top_k, f"k = {self.top_k:,}")


def top_k(logits: FloatArray, k: int) -> FloatArray:
    """Keep the k most probable tokens."""
    return only_these(logits, ranked(logits)[0][:k])
