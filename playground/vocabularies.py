"""Whether two models have one vocabulary: every token id the same bytes, checked id by id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from playground.measures import divergence
from playground.records import Prompt, SamplingParams

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playground.pool import Pool


@dataclass(frozen=True, slots=True)
class Agreement:
    """What two vocabularies have in common.

    Attributes:
        width: token ids that mean the same in both, from 0 on; 0 where they are two vocabularies.
        note: a sentence where ids are left out, or why nothing can be compared id by id; often "".
    """

    width: int
    note: str = ""


def agreement(one: Sequence[bytes], other: Sequence[bytes]) -> Agreement:
    """Compare the pieces of two models.

    >>> agreement([b"a", b"b"], [b"a", b"b", b""])
    Agreement(width=2, note='1 token ids that only one of the models has, from 2 on, are left out.')
    >>> agreement([b"a", b"b"], [b"a", b"c"]).note
    "The tokenizers differ, first in token 1 (b'b' and b'c'): distributions cannot be compared, only whole texts."
    """
    width = min(len(one), len(other))
    place = divergence(one[:width], other[:width])
    if place is not None:
        pieces = f"{one[place]!r} and {other[place]!r}"
        said = f"The tokenizers differ, first in token {place:,} ({pieces}): distributions cannot be compared"
        return Agreement(0, f"{said}, only whole texts.")
    more = max(len(one), len(other)) - width
    left_out = f"{more:,} token ids that only one of the models has, from {width:,} on, are left out."
    return Agreement(width, left_out if more else "")


def pieces_of(pool: Pool, model: str) -> list[bytes]:
    """Return the pieces of a model that is up or can be, in the order of their ids."""
    return cast("list[bytes]", pool.ask("pieces", model, Prompt(), SamplingParams())["pieces"])
