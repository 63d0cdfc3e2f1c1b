"""The way of single tokens through the chain, in numbers: logit and probability after the model and after each sampler.

- Read from the same trace as the stages of the waterfall, over the full vocabulary.
- A token that a sampler removed has no numbers from there on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import msgpack
import numpy as np

from playground.samplers.repetition_penalty import RepetitionPenalty
from playground.samplers.temperature import Temperature

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playground.chain import Link, Trace
    from playground.numerics import Distribution

MODEL = "model"
State = tuple[float, float] | None  # logit and probability; None where removed


@dataclass(frozen=True, slots=True)
class Turn:
    """What happened to all tokens at once: the model, or a sampler that changed something.

    Attributes:
        key: of the sampler, or ``MODEL``.
        summary: the sampler and its numbers in a few words.
        log_total: natural logarithm of Σ exp(logit) over the tokens in play behind it.
        size: how many these are.
        kept: the share of the probability that reached it and stayed in play.
        reshapes: it changes logits; else it only removes tokens.
        operand: what a temperature divides by, or a repetition penalty divides and multiplies by.
    """

    key: str
    summary: str
    log_total: float
    size: int
    kept: float
    reshapes: bool
    operand: float | None


@dataclass(frozen=True, slots=True)
class Way:
    """One token: what it was after each turn, and whether it can be drawn at the end."""

    token_id: int
    piece: bytes
    states: tuple[State, ...]

    @property
    def final_prob(self) -> float:
        """Probability with which it is drawn; 0 where removed."""
        return self.states[-1][1] if self.states[-1] else 0.0


@dataclass(frozen=True, slots=True)
class Formula:
    """The turns, and the way of each token through them."""

    turns: tuple[Turn, ...]
    ways: tuple[Way, ...]

    def pack(self) -> bytes:
        """Return it as msgpack: rows of plain values in the order of the fields."""
        turns = [[getattr(turn, name) for name in Turn.__slots__] for turn in self.turns]
        ways = [[getattr(way, name) for name in Way.__slots__] for way in self.ways]
        return cast("bytes", msgpack.packb([turns, ways]))


def unpack(packed: bytes) -> Formula:
    """Read what ``Formula.pack`` wrote."""
    turns, ways = msgpack.unpackb(packed, use_list=False)
    return Formula(tuple(Turn(*turn) for turn in turns), tuple(Way(*way) for way in ways))


def formula(trace: Trace, token_ids: Sequence[int]) -> Formula:
    """Return what the chain did to some tokens, in the order in which they are given."""
    ids = np.array(token_ids, dtype=np.int64)
    model = Turn(MODEL, "", trace.model.log_total, trace.model.size, 1.0, reshapes=False, operand=None)
    behind = [trace.model, *(link.after for link in trace.links)]
    states = zip(*(_states(distribution, ids) for distribution in behind), strict=True)
    ways = (Way(int(token), trace.piece(int(token)), found) for token, found in zip(ids, states, strict=True))
    return Formula((model, *map(_turn, trace.links)), tuple(ways))


def _states(distribution: Distribution, ids: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> list[State]:
    logits, inside = distribution.logits_of(ids)
    rows = zip(logits.tolist(), distribution.probs_of(ids).tolist(), inside.tolist(), strict=True)
    return [(logit, prob) if stays else None for logit, prob, stays in rows]


def _turn(link: Link) -> Turn:
    sampler = link.sampler
    operand = None
    if isinstance(sampler, Temperature):
        operand = sampler.at(link.before)
    if isinstance(sampler, RepetitionPenalty):
        operand = sampler.penalty
    return Turn(
        sampler.key,
        sampler.summary,
        link.after.log_total,
        link.after.size,
        1 - link.removed_mass,
        reshapes=_reshapes(link),
        operand=operand or None,  # at temperature 0 nothing is divided: one token stays
    )


def _reshapes(link: Link) -> bool:
    """Tell whether a sampler changes the logit of a token that stays."""
    found, _ = link.before.logits_of(link.after.token_ids)
    now, _ = link.after.logits_of(link.after.token_ids)
    return bool((found != now).any())
