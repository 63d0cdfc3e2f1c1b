"""What the engine says of a look and of a run: plain values, but for a ``Draw``, whose record is made later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from playground.chain import Draw

if TYPE_CHECKING:
    from playground.errors import PlaygroundError
    from playground.records import Orders, StopReason, Timing, TokenStep


@dataclass(frozen=True, slots=True)
class Look:
    """Answer to a look: the ids read and the step after them, drawn with the seed's luck but not written.

    Attributes:
        tail: the last few pieces of the prefix, for a title.
        from_cache: no model ran.
        orders: there where two or more samplers are set.
        counts: pairs of a token id and how often it came in as many draws as were asked for, each with its own luck.
        stages, formula: the packed stages of the chain and the packed numbers of tokens, where they were asked for.
    """

    ids: tuple[int, ...]
    tail: tuple[bytes, ...]
    step: TokenStep
    from_cache: bool
    orders: Orders | None = None
    counts: tuple[tuple[int, int], ...] = ()
    stages: bytes = b""
    formula: bytes = b""


@dataclass(frozen=True, slots=True)
class Scored:
    """How probable a text of n ids is: for each but the first, n − 1 of each, as ``Scores`` has them."""

    ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    ranks: tuple[int, ...]
    entropies_bits: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Started:
    """First event of a run: the prompt as read, sentences about what was adapted, and what decides the numbers.

    Attributes:
        build: names and versions of what computes the logits.
        exact_batch: so many sequences decoded together get the bits that each gets alone.
        controls: the places of control tokens in the prompt.
    """

    prompt_ids: tuple[int, ...]
    prompt_pieces: tuple[bytes, ...]
    notes: tuple[str, ...]
    build: str
    exact_batch: int
    controls: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Ended:
    """Last event of a run."""

    reason: StopReason
    timing: Timing


@dataclass(frozen=True, slots=True)
class Replayed:
    """What other settings make of one written token, after the text as it stands.

    Attributes:
        token_id, piece: what luck would draw there.
        final_prob: with which the written token could be drawn; 0 where it could not.
        removed_by: key of the sampler that removes the written token, or None.
        from_cache: no model ran.
    """

    position: int
    token_id: int
    piece: bytes
    final_prob: float
    removed_by: str | None
    from_cache: bool


Event = Started | Draw | Ended


@dataclass(frozen=True, slots=True)
class PaneSaid:
    """What one of several texts says, or why it failed; ``pane`` counts from 0."""

    pane: int
    said: Event | PlaygroundError
