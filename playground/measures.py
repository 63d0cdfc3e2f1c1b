"""What can be counted in written texts: where two part, how they differ, how varied one is.

- Nothing here asks a model.
- Words are runs of characters without white space, as written; n-grams are taken over words, since those of two
  tokenizers could not be compared.
- A share of nothing is None, never 0.
"""

from __future__ import annotations

import math
import re
import zlib
from dataclasses import dataclass
from itertools import groupby, takewhile
from operator import itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from playground.records import Run

ZLIB_LEVEL = 9
REPEATED_NGRAM = 4
MOST_CHANGED = 10_000  # words of a text between its first and its last difference; so many take 30 ms and 23 MB
PART = re.compile(r"\s*\S+|\s+")  # a word with the white space before it, so that the parts make the text again


@dataclass(frozen=True, slots=True)
class Change:
    """A stretch of two texts: ``equal``, ``replace``, ``delete`` (only left) or ``insert`` (only right)."""

    kind: str
    left: str
    right: str


@dataclass(frozen=True, slots=True)
class Measures:
    """What was counted in one text.

    Attributes:
        tokens, characters, words: how many; an end token is a token and no character.
        mean_logprob: in nats, of the text's tokens under the model's raw distribution, its end token left out as in a
            cross-score: another model may have another one. −inf where a token was impossible.
        perplexity: the exponential of its negative.
        distinct_1, distinct_2: different n-grams ÷ n-grams.
        repetition: 1 − different ÷ all 4-grams.
        compression: UTF-8 bytes ÷ their zlib bytes.
    """

    tokens: int
    characters: int
    words: int
    mean_logprob: float | None
    perplexity: float | None
    distinct_1: float | None
    distinct_2: float | None
    repetition: float | None
    compression: float | None


def measures(run: Run) -> Measures:
    """Count in the text of a run."""
    text, words = run.text, run.text.split()
    mean = mean_logprob([step.model_prob for step in run.text_steps])
    return Measures(
        tokens=len(run.steps),
        characters=len(text),
        words=len(words),
        mean_logprob=mean,
        perplexity=None if mean is None else perplexity(mean),
        distinct_1=distinct(words, 1),
        distinct_2=distinct(words, 2),
        repetition=repetition(words),
        compression=compression(text),
    )


def divergence(one: Sequence[object], other: Sequence[object]) -> int | None:
    """Return the first place, from 0, where two texts differ, as token ids or as characters; None where none does.

    Where one goes on behind the end of the other, they differ there.

    >>> divergence((5, 6, 7), (5, 6, 8)), divergence("ab", "abc"), divergence("ab", "ab")
    (2, 2, None)
    """
    shared = min(len(one), len(other))
    parted = next((place for place in range(shared) if one[place] != other[place]), shared)
    return parted if parted < max(len(one), len(other)) else None


def changes(left: str, right: str) -> tuple[Change, ...] | None:
    """Return what makes one text into the other, by words, of which as many as possible stay.

    None where one of them has more than ``MOST_CHANGED`` words between the first that differs and the last.

    >>> [(change.kind, change.left, change.right) for change in changes("the cat sat", "the dog sat")]
    [('equal', 'the', 'the'), ('replace', ' cat', ' dog'), ('equal', ' sat', ' sat')]
    """
    ones, others = PART.findall(left), PART.findall(right)
    head = _same(ones, others)
    tail = _same(ones[head:][::-1], others[head:][::-1])
    end, other_end = len(ones) - tail, len(others) - tail
    if max(end, other_end) - head > MOST_CHANGED:
        return None
    between = common_words(ones[head:end], others[head:other_end])
    pairs = [
        *zip(range(head), range(head), strict=True),
        *((head + one, head + other) for one, other in between),
        *zip(range(end, len(ones)), range(other_end, len(others)), strict=True),
    ]
    found = []
    for equal, run in groupby(_aligned(ones, others, pairs), itemgetter(0)):
        lefts, rights = ("".join(words) for words in list(zip(*run, strict=True))[1:])
        kind = "equal" if equal else "replace" if lefts and rights else "delete" if lefts else "insert"
        found.append(Change(kind, lefts, rights))
    return tuple(found)


def _same(ones: Sequence[str], others: Sequence[str]) -> int:
    """Return how many words two texts have in common at their beginning."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(ones, others, strict=False)))


def _aligned(
    ones: Sequence[str], others: Sequence[str], pairs: Sequence[tuple[int, int]]
) -> Iterator[tuple[bool, str, str]]:
    """Yield what stands between pairs of equal words, and the pairs: whether it is one, and both sides."""
    place = other_place = 0
    for one, other in (*pairs, (len(ones), len(others))):
        if (one, other) != (place, other_place):
            yield False, "".join(ones[place:one]), "".join(others[other_place:other])
        if one < len(ones):
            yield True, ones[one], others[other]
        place, other_place = one + 1, other + 1


def common_words(ones: Sequence[Hashable], others: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Return the places of a longest common subsequence, in order; the time depends on the lengths alone.

    A row of the table of lengths is one integer, a bit for each of ``others``, 0 where the length grows (Crochemore et
    al. 2001; in this form Hyyrö 2004, “Bit-parallel LCS-length computation revisited”).

    >>> common_words("abcd", "xbd")
    [(1, 1), (3, 2)]
    """
    places: dict[Hashable, int] = {}
    for place, word in enumerate(others):
        places[word] = places.get(word, 0) | 1 << place
    row = full = (1 << len(others)) - 1
    rows = [row]
    for word in ones:
        both = row & places.get(word, 0)
        row = ((row + both) | (row - both)) & full
        rows.append(row)
    found = []
    one, other = len(ones), len(others)
    while one and other:  # back from the end: where the length does not grow in its own row, the word is not in common
        if rows[one] >> (other - 1) & 1:
            other -= 1
            continue
        one -= 1
        if rows[one] >> (other - 1) & 1:  # it grew with this very word
            other -= 1
            found.append((one, other))
    return found[::-1]


def distinct(parts: Sequence[Hashable], n: int) -> float | None:
    """Return the number of different n-grams ÷ of all (distinct-n; Li et al. 2016, arXiv 1510.03055, section 5.2).

    >>> distinct("a b a b".split(), 1), distinct("a b a b".split(), 2), distinct([], 1)
    (0.5, 0.6666666666666666, None)
    """
    grams = [tuple(parts[place : place + n]) for place in range(len(parts) - n + 1)]
    return len(set(grams)) / len(grams) if grams else None


def repetition(parts: Sequence[Hashable]) -> float | None:
    """Return the share of 4-grams that came before (seq-rep-4; Welleck et al. 2019, arXiv 1908.04319, section 6).

    >>> repetition("a b c d a b c d".split())
    0.19999999999999996
    """
    varied = distinct(parts, REPEATED_NGRAM)
    return None if varied is None else 1 - varied


def compression(text: str) -> float | None:
    """Return UTF-8 bytes ÷ what zlib makes of them at level 9 (Shaib et al. 2024, arXiv 2403.00553, section 3.1).

    The more a text repeats itself, the larger; a short one comes out below 1, as zlib has a header.
    """
    raw = text.encode()
    return len(raw) / len(zlib.compress(raw, ZLIB_LEVEL)) if raw else None


def mean_logprob(probs: Sequence[float]) -> float | None:
    """Return the mean of natural logarithms, −inf where one probability is 0.

    >>> mean_logprob([1.0, 0.0]), mean_logprob([])
    (-inf, None)
    """
    if not probs:
        return None
    return math.fsum(map(math.log, probs)) / len(probs) if all(probs) else -math.inf


def perplexity(mean: float) -> float:
    """Return the exponential of the negative of a mean logprob in nats; inf beyond what a float holds.

    >>> round(perplexity(-math.log(8)), 9), perplexity(-math.inf), perplexity(-1000)
    (8.0, inf, inf)
    """
    try:
        return math.exp(-mean)
    except OverflowError:
        return math.inf
