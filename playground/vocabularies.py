"""Whether two models have one vocabulary: every token id the same bytes, checked id by id.

- Rows that only pad a vocabulary have no name; each backend calls them something else, and they are the same.
- Models that were tuned from one another may call a few control tokens by other names (Qwen2.5-Omni's ``<|AUDIO|>`` is
  Qwen2.5's ``<|object_ref_start|>``). Those are left out, as they are not the same token, and a sentence names them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from playground.records import Prompt, SamplingParams
from playground.sentences import NOTHING, Sentence, as_one

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from playground.asker import Models


@dataclass(frozen=True, slots=True)
class Agreement:
    """What two vocabularies have in common.

    Attributes:
        width: token ids that mean the same in both, from 0 on; 0 where they are two vocabularies.
        renamed: ids below it that are control tokens of two names: they are left out.
        note: a sentence where ids are left out, or why nothing can be compared id by id; often "".
    """

    width: int
    note: str = ""
    renamed: tuple[int, ...] = ()

    def stranger(self, ids: Collection[int]) -> int | None:
        """Return an id that does not mean the same in both, the highest where one of them lacks some; None for none.

        >>> found = Agreement(4, renamed=(1, 2))
        >>> found.stranger([0, 3]), found.stranger([3, 2, 1]), found.stranger([5, 1, 4])
        (None, 1, 5)
        """
        highest = max(ids, default=-1)
        return highest if highest >= self.width else min(set(ids).intersection(self.renamed), default=None)


MOST_RENAMED, MOST_NAMED = 32, 3
CONTROL = re.compile(rb"<\|[^<>|\s]{1,60}\|>|<unused\d+>|</?s>|<(?:bos|eos|pad|unk|mask)>")  # not <div>, which is text


def agreement(one: Sequence[bytes], other: Sequence[bytes]) -> Agreement:
    """Compare the pieces of two models.

    >>> agreement([b"a", b"b"], [b"a", b"b", b"c"])
    Agreement(width=2, note='Token ids from 2 on, which only one of the models has, are left out (1).', renamed=())
    >>> agreement([b"a", b"b"], [b"a", b"c"]).note
    "The tokenizers differ, first in token 1 (b'b' and b'c'): distributions cannot be compared, only whole texts."
    >>> agreement([b"a", b"<|x|>"], [b"a", b"<|y|>"])
    Agreement(width=2, note="1 control token has two names and is left out: 1 (b'<|x|>' and b'<|y|>').", renamed=(1,))
    """
    width, renamed = min(len(one), len(other)), list[int]()
    for place, (mine, theirs) in enumerate(zip(one, other, strict=False)):
        if mine == theirs or (_pads(place, mine) and _pads(place, theirs)):
            continue
        if len(renamed) < MOST_RENAMED and CONTROL.fullmatch(mine) and CONTROL.fullmatch(theirs):
            renamed.append(place)
            continue
        strange = Sentence(
            "The tokenizers differ, first in token {token}: distributions cannot be compared, only whole texts.",
            token=_named(place, one, other),
        )
        return Agreement(0, strange)
    notes = as_one(_renamed(renamed, one, other), _left_out(one, other))
    return Agreement(width, notes, tuple(renamed))


def _pads(place: int, piece: bytes) -> bool:
    """Tell whether a row only fills a vocabulary up: llama.cpp gives it no text, our hf backend a name of its own."""
    return piece in {b"", f"<unused {place}>".encode()}


def _named(place: int, one: Sequence[bytes], other: Sequence[bytes]) -> Sentence:
    return Sentence("{place:,} ({one} and {other})", place=place, one=repr(one[place]), other=repr(other[place]))


def _renamed(places: Sequence[int], one: Sequence[bytes], other: Sequence[bytes]) -> Sentence:
    if not places:
        return NOTHING
    named = [_named(place, one, other) for place in places[:MOST_NAMED]]
    if len(places) == 1:
        return Sentence("1 control token has two names and is left out: {names}.", names=named)
    count, hidden = len(places), len(places) - MOST_NAMED
    more = Sentence(" and {count} more", count=hidden) if hidden > 0 else ""
    return Sentence(
        "{count} control tokens have two names and are left out: {names}{more}.",
        count=count,
        names=named,
        more=more,
    )


def _left_out(one: Sequence[bytes], other: Sequence[bytes]) -> Sentence:
    """Say what only one of two models has; rows that only pad it are nothing to speak of."""
    width = min(len(one), len(other))
    longer = one if len(one) > width else other
    more = sum(not _pads(place, piece) for place, piece in enumerate(longer[width:], start=width))
    if not more:
        return NOTHING
    return Sentence(
        "Token ids from {first:,} on, which only one of the models has, are left out ({count:,}).",
        first=width,
        count=more,
    )


def pieces_of(pool: Models, model: str) -> list[bytes]:
    """Return the pieces of a model that is up or can be, in the order of their ids."""
    return cast("list[bytes]", pool.ask("pieces", model, Prompt(), SamplingParams())["pieces"])
