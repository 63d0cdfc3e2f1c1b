"""How probable a model finds a text: each token given those before it.

- Computed from the model's raw logits, over the whole vocabulary, before any sampler.
- Rows of logits come and go in chunks: what is held does not grow with the text, only the three numbers of a token do.
- The last token is never read: nothing that comes after it is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from playground.errors import ModelError, PromptError
from playground.numerics import Distribution
from playground.ranking import rank_at
from playground.sentences import Sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    import numpy.typing as npt

    from playground.numerics import FloatArray, IntArray

MIN_TOKENS = 2  # the first has nothing before it
MAX_ROWS = 64  # rows of logits held at once: 40 MB at a vocabulary of 152k, and a tenth of a second of arithmetic


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """What a model gave to the second and all further tokens of a text of n, (n − 1,) each.

    Attributes:
        logprob: float64, in nats, of the token that stands there; −inf where the model excludes it.
        rank: int64 of that token among all; the best has rank 1, on a tie the lower id comes first.
        entropy_bits: float64, of the whole distribution there.
    """

    logprob: FloatArray
    rank: IntArray
    entropy_bits: FloatArray

    @property
    def perplexity(self) -> float:
        """The exponential of the mean negative logprob; inf where the model excludes one of the tokens."""
        with np.errstate(over="ignore"):  # a mean beyond 709 nats is inf too
            return float(np.exp(-self.logprob.mean()))


def score_text(
    ids: Sequence[int], read: Callable[[Sequence[int]], npt.NDArray[np.float32]], *, vocab: int, context: int, rows: int
) -> Generator[None, None, Scores]:
    """Read a text once and score its tokens; yields between two chunks.

    Args:
        ids: (n,), n from 2 to ``context``.
        read: appends m tokens to what it read before and returns the logits after each of them, (m, vocab).
        vocab: width of the logits.
        context: the longest text that the model reads.
        rows: the largest m that ``read`` takes; no more than ``MAX_ROWS`` are asked for.

    Raises:
        PromptError: the text is too short or too long, or holds an id that is no token.
        ModelError: the logits are damaged; the sentence names the first token that cannot be scored.
    """
    _check(ids, vocab, context)
    found: list[tuple[float, int, float]] = []
    size = min(rows, MAX_ROWS)
    for start in range(0, len(ids) - 1, size):
        if start:
            yield
        chunk = ids[start : min(start + size, len(ids) - 1)]
        for row, token in zip(read(chunk), ids[start + 1 :], strict=False):
            found.append(_scored(row, token, len(found) + 2))
    logprob, rank, entropy_bits = zip(*found, strict=True)
    return Scores(np.array(logprob), np.array(rank, np.int64), np.array(entropy_bits))


def _scored(row: npt.NDArray[np.float32], token: int, place: int) -> tuple[float, int, float]:
    """Return logprob, rank and entropy of the token at a place of the text, counted from 1."""
    try:
        distribution = Distribution.of_logits(row)
    except FloatingPointError as error:
        raise ModelError(
            Sentence(
                "Token {place} of the text cannot be scored: the model's {reason}.", place=place, reason=error.args[0]
            ),
            hint="Its file is damaged, or its number format overflows here.",
        ) from error
    [logprob] = distribution.log_probs(row[token : token + 1].astype(np.float64))
    return float(logprob), rank_at(row, token), distribution.entropy_bits


def _check(ids: Sequence[int], vocab: int, context: int) -> None:
    if not MIN_TOKENS <= len(ids) <= context:
        raise PromptError(
            Sentence(
                "The text is {count:,} tokens; this model scores {least} to {context:,}.",
                count=len(ids),
                least=MIN_TOKENS,
                context=context,
            ),
            hint="Shorten the text." if len(ids) > context else "Write a longer text.",
            field="prompt",
        )
    check_ids(ids, vocab)


def check_ids(ids: Sequence[int], vocab: int) -> None:
    """Refuse ids that name no token.

    Raises:
        PromptError: the first of them, and the range.
    """
    wrong = next((token for token in ids if not 0 <= token < vocab), None)
    if wrong is not None:
        raise PromptError(
            Sentence(
                "Token id {wrong} is not in the vocabulary; it must lie in [0, {last:,}].", wrong=wrong, last=vocab - 1
            ),
            field="prompt",
        )
