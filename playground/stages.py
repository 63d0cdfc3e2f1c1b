"""The stages of a chain, for a picture of how the model's distribution becomes the one that is drawn from.

- A ``Stage`` is one sampler that changed something: the best tokens that reached it, what it made of them, its rule.
- The model itself stands first and the final distribution last; nothing happens in these two.
- Everything is computed over the full vocabulary; what has no bar of its own is in the ``Tail``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, cast

import msgpack

from playground.samplers.rules import Rule
from playground.tokens import visible

if TYPE_CHECKING:
    from playground.chain import Link, Trace
    from playground.numerics import Distribution

SHOWN = 24  # bars of a stage

MODEL, FINAL = "model", "final"


@dataclass(frozen=True, slots=True)
class Bar:
    """One token of a stage.

    Attributes:
        piece: the token's bytes.
        before: its probability in the distribution that reached the sampler.
        after: its probability behind the sampler; 0 where removed.
        removed: it was removed here; a token that stays may round to 0.
    """

    token_id: int
    piece: bytes
    before: float
    after: float
    removed: bool

    @property
    def text(self) -> str:
        """The piece as a label shows it."""
        return visible(self.piece)


@dataclass(frozen=True, slots=True)
class Tail:
    """The tokens of a stage that have no bar.

    Attributes:
        count, removed: how many there are, and how many of them are removed here.
        before, after: their probability, all together.
        removed_mass: the part of ``before`` that is removed here.
    """

    count: int
    removed: int
    before: float
    after: float
    removed_mass: float

    @property
    def kept(self) -> int:
        """How many of them stay."""
        return self.count - self.removed


@dataclass(frozen=True, slots=True)
class Stage:
    """One step on the way from the model to the draw.

    Attributes:
        key: key of the sampler, or ``MODEL`` or ``FINAL``.
        summary: the sampler and its numbers in a few words.
        bars: the best tokens in the rank order of the distribution that reached the sampler.
        tail: all others that reached it.
        support_before, support_after: tokens that can still be drawn.
        removed_mass: share of what reached the sampler that it removed.
        entropy_before_bits, entropy_after_bits: Shannon entropy.
        rule: what decided; None where the shape changes without one.
        idle: of the final stage, the summaries of the samplers that are set and changed nothing.
    """

    key: str
    summary: str
    bars: tuple[Bar, ...]
    tail: Tail
    support_before: int
    support_after: int
    removed_mass: float
    entropy_before_bits: float
    entropy_after_bits: float
    rule: Rule | None = None
    idle: tuple[str, ...] = ()

    @property
    def removed(self) -> int:
        """How many tokens the sampler removed."""
        return self.support_before - self.support_after


def stages(trace: Trace, count: int = SHOWN) -> tuple[Stage, ...]:
    """Return the model, each sampler that changed something, and the final distribution, ``count`` bars each."""
    steps = [_step(trace, link, count) for link in trace.links]
    acted = {id(link.sampler) for link in trace.links}
    idle = [sampler for sampler in trace.chain if id(sampler) not in acted and not sampler.is_neutral]
    model = _still(trace, MODEL, trace.model, count)
    final = _still(trace, FINAL, trace.final, count)
    return (model, *steps, replace(final, idle=tuple(sampler.summary for sampler in idle)))


def _step(trace: Trace, link: Link, count: int) -> Stage:
    """Return what a sampler did; of the tokens that its rule names, those that are shown."""
    stage = _compared(trace, link.before, link.after, link.removed_mass, count)
    rule = link.sampler.rule(link.before, trace.context)
    if rule is not None and rule.token_ids:
        shown = {bar.token_id for bar in stage.bars}
        rule = replace(rule, token_ids=tuple(token for token in rule.token_ids if token in shown))
    return replace(stage, key=link.sampler.key, summary=link.sampler.summary, rule=rule)


def _still(trace: Trace, key: str, only: Distribution, count: int) -> Stage:
    return replace(_compared(trace, only, only, 0.0, count), key=key)


def _compared(trace: Trace, before: Distribution, after: Distribution, removed_mass: float, count: int) -> Stage:
    ids = before.best(count).token_ids
    shares = before.probs_of(ids)  # (count,)
    later, stays = (shares, shares >= 0) if after is before else (after.probs_of(ids), after.locate(ids)[1])
    rows = zip(
        ids.tolist(), map(trace.piece, ids.tolist()), shares.tolist(), later.tolist(), (~stays).tolist(), strict=True
    )
    bars = tuple(Bar(*row) for row in rows)
    removed = before.size - after.size
    return Stage(
        key="",
        summary="",
        bars=bars,
        tail=_tail(bars, before.size, removed, removed_mass),
        support_before=before.size,
        support_after=after.size,
        removed_mass=removed_mass,
        entropy_before_bits=before.entropy_bits,
        entropy_after_bits=after.entropy_bits,
    )


def _tail(bars: tuple[Bar, ...], size: int, removed: int, removed_mass: float) -> Tail:
    """Return what the bars leave: exactly 0 where they leave nothing."""
    gone = [bar.before for bar in bars if bar.removed]
    count, removed = size - len(bars), removed - len(gone)
    before = max(0.0, 1.0 - math.fsum(bar.before for bar in bars)) if count else 0.0
    after = max(0.0, 1.0 - math.fsum(bar.after for bar in bars)) if count > removed else 0.0
    if removed in {0, count}:
        return Tail(count, removed, before, after, before if removed else 0.0)
    return Tail(count, removed, before, after, min(before, max(0.0, removed_mass - math.fsum(gone))))


def pack(found: tuple[Stage, ...]) -> bytes:
    """Return stages as msgpack: rows of plain values in the order of the fields."""
    return cast("bytes", msgpack.packb([_row(stage) for stage in found]))


def _row(stage: Stage) -> list[Any]:
    first, *others = (getattr(stage, item.name) for item in fields(stage))
    summary, bars, tail, *numbers, rule, idle = others
    rows = [_plain(bar) for bar in bars]
    return [first, summary, rows, _plain(tail), *numbers, rule and _plain(rule), idle]


def _plain(record: Bar | Tail | Rule) -> list[Any]:
    return [getattr(record, name) for name in record.__slots__]


def unpack(packed: bytes) -> tuple[Stage, ...]:
    """Read what ``pack`` wrote."""
    found = []
    for key, summary, bars, tail, *numbers, rule, idle in msgpack.unpackb(packed, use_list=False):
        rows = tuple(Bar(*bar) for bar in bars)
        rest = [Tail(*tail), *numbers, rule and Rule(*rule), idle]
        found.append(Stage(key, summary, rows, *rest))
    return tuple(found)
