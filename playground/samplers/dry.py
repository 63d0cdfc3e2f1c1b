"""DRY, don't repeat yourself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from playground.errors import SettingError
from playground.samplers.base import Knob, Rule, Sampler, StepContext, Vocabulary, knob
from playground.samplers.knobs import Texts
from playground.samplers.plain import ENCODE, PIECES, Name, Plain, recent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from playground.numerics import Distribution, FloatArray, IntArray

Tail = tuple[int, ...]
Breakers = dict[int, tuple[Tail, ...]]
PlainBreakers = dict[int, list[list[int]]]

MAX_TAIL = 20  # tokens of a breaker behind its first that are looked at
LOG_LARGEST = 88.7228391  # ln of the largest float32, where llama.cpp stops raising the penalty


@dataclass(frozen=True, slots=True)
class Dry(Sampler):
    """Lowers tokens that would carry on a passage which stood in the text before: the longer the echo, the further.

    Single words may come back as often as they like; what it ends are loops. The higher the multiplier, the sooner a
    loop breaks; ``allowed_length`` is how long an echo may get unpunished. Sequence breakers, such as a line break, cut
    an echo short, so that a form or a chat may repeat its labels.

    Formula: where the last n tokens stood before and a token followed them there, its logit falls by multiplier × base
    ^ (n − allowed length), if n ≥ allowed length; the longest n counts. Multiplier 0 to 10, neutral 0, usual 0.8. Base
    1 to 10, usual 1.75. Allowed length 0 to 1,000, usual 2. ``window`` 0 looks at everything, the prompt too, n at the
    last n tokens. As in llama.cpp, which sets the breakers line break, colon, quotation mark and asterisk by itself; a
    breaker of one token is never lowered. transformers has none.
    Reference: p-e-w, DRY, text-generation-webui pull request 5677, 2024; llama.cpp pull request 9702.

    >>> import numpy as np
    >>> from playground.numerics import Distribution
    >>> four = Distribution.of_logits(np.array([2.0, 1.0, 0.0, -1.0]))
    >>> again = StepContext(history=(0, 1, 2, 0, 1))  # 0 1 stood before, and 2 followed: 1 × 2^(2 − 1)
    >>> Dry(1.0, base=2.0, allowed_length=1).apply(four, again).logits.tolist()
    [2.0, 1.0, -2.0, -1.0]
    """

    key: ClassVar[str] = "dry"
    label: ClassVar[str] = "DRY"

    multiplier: float = knob(
        Knob("DRY multiplier", float, 0, 10, neutral=0.0, usual=0.8, step=0.05, slider_maximum=2, off="0 turns it off.")
    )
    base: float = knob(Knob("DRY base", float, 1, 10, neutral=1.75, usual=1.75, step=0.05, slider_maximum=4))
    allowed_length: int = knob(Knob("Allowed length", int, 0, 1000, neutral=2, usual=2, step=1, slider_maximum=20))
    window: int = knob(
        Knob("DRY window", int, 0, 1_000_000, neutral=0, usual=0, step=1, slider_maximum=4096, off="0 looks at all.")
    )
    breakers: tuple[str, ...] = knob(
        Texts(
            "List of sequence breakers",
            maximum=50,
            max_chars=40,
            usual=("\n", ":", '"', "*"),
            off="An empty list lets an echo be of any length.",
        )
    )

    def plain(self) -> Plain:
        """Return the search for echoes, and in front of the run that for tokens which hold breakers."""
        numbers = (self.multiplier, self.base, self.allowed_length)
        before = {"breakers": Plain(sequence_breakers, (PIECES, ENCODE, self.breakers))} if self.breakers else {}
        return Plain(dry, (recent(self.window), *numbers, Name("breakers") if before else {}), before)

    def apply(self, distribution: Distribution, context: StepContext) -> Distribution:
        """Lower the tokens that would lengthen an echo.

        Raises:
            SettingError: there are breakers, and no vocabulary to look them up in.
        """
        return distribution if self.is_neutral else distribution.with_added(*self._lowered(context))

    def rule(self, before: Distribution, context: StepContext) -> Rule | None:
        """Name the tokens that would lengthen an echo."""
        said = f"logit − {self.multiplier:g} × {self.base:g}^(echo − {self.allowed_length})"
        return Rule.naming(before, self._lowered(context)[0], said)

    def _lowered(self, context: StepContext) -> tuple[IntArray, FloatArray]:
        """Return the tokens that would lengthen an echo, and what is added to their logits, (m,) each."""
        recent = context.recent(self.window)
        nothing = np.array([], dtype=np.int64), np.array([])
        if recent.size <= self.allowed_length:
            return nothing
        found = self._found(context.vocabulary)
        limit = echo_limit(recent, found)
        if limit < self.allowed_length:
            return nothing
        tokens, lengths = echoes(recent, min(limit, self.allowed_length + self._last_step))
        breaks = np.array([() in found.get(token, ()) for token in tokens.tolist()], dtype=np.bool_)
        punished = (lengths >= self.allowed_length) & ~breaks
        return tokens[punished], self._amounts(lengths[punished])

    @property
    def _last_step(self) -> int:
        """How far beyond the allowed length the penalty goes on growing."""
        return int(LOG_LARGEST / math.log(self.base)) if self.base > 1 else 0

    def _amounts(self, lengths: IntArray) -> FloatArray:
        amounts: FloatArray = -self.multiplier * self.base ** (lengths - self.allowed_length).astype(np.float64)
        return amounts

    def _found(self, vocabulary: Vocabulary | None) -> Breakers:
        if not self.breakers:
            return {}
        if vocabulary is None:
            raise SettingError(
                "DRY has sequence breakers, and there is no vocabulary here to look them up in.",
                hint="An empty list needs none.",
                field=self.path("breakers"),
            )
        return token_breakers(vocabulary, self.breakers)


def echoes(recent: IntArray, limit: int) -> tuple[IntArray, IntArray]:
    """Return each token that followed something earlier, and the longest echo it would lengthen, (m,) each.

    An echo is as long as the ends of two texts agree, up to ``limit``: of what stood in front of the token, and of all.
    """
    ends = np.arange(recent.size - 1)
    lengths = np.zeros(recent.size - 1, dtype=np.int64)
    length = 0
    while ends.size and length < limit:
        ends = ends[ends >= length]
        ends = ends[recent[ends - length] == recent[-1 - length]]
        length += 1
        lengths[ends] = length
    tokens, inverse = np.unique(recent[1:], return_inverse=True)
    longest = np.zeros(tokens.size, dtype=np.int64)
    np.maximum.at(longest, inverse, lengths)
    return tokens, longest


def echo_limit(recent: IntArray, breakers: Breakers) -> int:
    """Return how many tokens stand behind the last breaker."""
    size = recent.size
    for place in np.flatnonzero(np.isin(recent, list(breakers)))[::-1].tolist():
        behind = tuple(recent[place + 1 : place + 1 + MAX_TAIL].tolist())
        matches = [len(tail) for tail in breakers[int(recent[place])] if behind[: len(tail)] == tail]
        if matches:
            return int(size - 1 - place - max(matches))
    return int(size)


@lru_cache(maxsize=16)
def token_breakers(vocabulary: Vocabulary, texts: tuple[str, ...]) -> Breakers:
    """Find the tokens that hold a breaker or that one begins in: by first token, what has to follow it.

    The rest of a breaker is cut into tokens as a text of its own. A breaker is not looked for across a cut inside one
    of its characters.
    """
    raws = [text.encode() for text in texts]
    rests: dict[bytes, list[tuple[bytes, str]]] = {}  # by how a breaker begins: the breaker and what is left of it
    for raw, text in zip(raws, texts, strict=True):
        for size in range(1, len(text)):
            rests.setdefault(text[:size].encode(), []).append((raw, text[size:]))
    left = {rest for pairs in rests.values() for _, rest in pairs}
    tails = {rest: tuple(vocabulary.encode(rest, special=False))[:MAX_TAIL] for rest in left}
    sizes = sorted({len(start) for start in rests})
    heads: Breakers = {}
    for token in range(vocabulary.vocab_size):
        piece = vocabulary.piece(token)
        held: list[Tail] = [()] if any(raw in piece for raw in raws) else []
        begun = [pair for size in sizes if size <= len(piece) for pair in rests.get(piece[-size:], ())]
        found = dict.fromkeys([*held, *(tails[rest] for raw, rest in begun if raw not in piece)])
        if found:
            heads[token] = tuple(found)
    return heads


def dry(
    logits: FloatArray, ids: Sequence[int], multiplier: float, base: float, allowed: int, breakers: PlainBreakers
) -> FloatArray:
    """Lower tokens that would carry on a passage which stood in the text before: the longer the echo, the further."""
    limit = tokens_behind_breaker(ids, breakers)
    if limit < allowed or len(ids) <= allowed:
        return logits
    longest: dict[int, int] = {}  # by token: the longest echo that it would carry on
    for place in range(1, len(ids)):
        length = 0
        while length < min(place, limit) and ids[place - 1 - length] == ids[-1 - length]:
            length += 1
        longest[ids[place]] = max(length, longest.get(ids[place], 0))
    steps = int(LOG_LARGEST / math.log(base)) if base > 1 else 0  # of growth beyond the allowed length
    changed = logits.copy()
    for token, length in longest.items():
        if length >= allowed and [] not in breakers.get(token, []):
            changed[token] -= multiplier * base ** min(length - allowed, steps)
    return changed


def tokens_behind_breaker(ids: Sequence[int], breakers: PlainBreakers) -> int:
    """Count the tokens behind the last sequence breaker; all where there is none."""
    for place in range(len(ids) - 1, -1, -1):
        behind = list(ids[place + 1 :])
        lengths = [len(tail) for tail in breakers.get(ids[place], []) if behind[: len(tail)] == tail]
        if lengths:
            return len(behind) - max(lengths)
    return len(ids)


def sequence_breakers(
    pieces: Sequence[bytes], encode: Callable[..., Sequence[int]], texts: Sequence[str]
) -> PlainBreakers:
    """Find the tokens that hold a breaker or that one begins in, each with the tokens that have to follow it."""
    cuts = {
        text.encode(): [(text[:cut].encode(), list(encode(text[cut:], special=False))) for cut in range(1, len(text))]
        for text in texts
    }
    heads: PlainBreakers = {}
    for token, piece in enumerate(pieces):
        for whole, parts in cuts.items():
            tails = [[]] if whole in piece else [tail[:MAX_TAIL] for start, tail in parts if piece.endswith(start)]
            if tails:
                heads.setdefault(token, []).extend(tails)
    return heads
