"""The chain: samplers applied in order, what each did, and the draw.

- ``trace_chain`` runs the chain once; nothing else in the project does, so what is plotted is what is drawn from.
- ``luck`` is a pure function of seed, position and purpose; ``draw`` walks the final distribution from the top.
- ``Trace.snapshot`` is the small record that leaves the model's process.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from playground.errors import SettingError
from playground.numerics import Distribution
from playground.records import Candidate, LinkNote, Snapshot, TokenStep
from playground.samplers import ORDERS
from playground.samplers.base import StepContext
from playground.samplers.luck import luck
from playground.sentences import Sentence

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from playground.numerics import FloatArray, IntArray
    from playground.samplers.base import Sampler

__all__ = ["ORDERS", "Draw", "Link", "Trace", "differing", "draw", "draw_all", "luck", "trace_chain"]

SHORTLIST = 64  # tokens that a record keeps before, and as many after


@dataclass(frozen=True)
class Link:
    """One sampler and the distributions before and after it."""

    sampler: Sampler
    before: Distribution
    after: Distribution

    @property
    def removed(self) -> int:
        """Number of tokens that this sampler removed."""
        return self.before.size - self.after.size

    @property
    def removed_mass(self) -> float:
        """Share of probability, in the distribution that reached this sampler, on the tokens that it removed."""
        return self.before.mass_outside(self.after)

    def note(self, *, details: bool) -> LinkNote:
        """Return the record; ``details`` adds mass and entropies, each a pass over the tokens in play."""
        if not details:
            return LinkNote(self.sampler.key, self.removed)
        return LinkNote(
            self.sampler.key, self.removed, self.removed_mass, self.before.entropy_bits, self.after.entropy_bits
        )


@dataclass(frozen=True)
class Trace:
    """The distribution after the model, after each sampler that did something, and the final one.

    Attributes:
        model: raw model probabilities.
        links: the samplers that changed the distribution, in chain order.
        final: what is drawn from.
        piece: bytes of a token id, for labels.
        chain: all samplers that were asked.
        context: where in a run this is.
    """

    model: Distribution
    links: tuple[Link, ...]
    final: Distribution
    piece: Callable[[int], bytes] = lambda _: b""
    chain: tuple[Sampler, ...] = ()
    context: StepContext = field(default_factory=StepContext)

    def removed_by(self, token_id: int) -> str | None:
        """Return the key of the sampler that removed a token; None where it can be drawn, or never could."""
        return self._removers(np.array([token_id]))[0]

    def _removers(self, token_ids: IntArray) -> list[str | None]:
        names: list[str | None] = [None] * token_ids.size
        for link in reversed([link for link in self.links if link.removed]):
            gone = link.before.locate(token_ids)[1] & ~link.after.locate(token_ids)[1]
            for index in np.flatnonzero(gone):
                names[index] = link.sampler.key
        return names

    def candidates(self, count: int = SHORTLIST, *, also: int | None = None) -> tuple[Candidate, ...]:
        """Return the ``count`` best before and after, and the token ``also``, in the model's rank order."""
        head = self.model.best(count).token_ids.tolist()
        late = set(self.final.best(count).token_ids.tolist()).union(() if also is None else (also,)).difference(head)
        known = [*head, *late]
        ranks = [*range(1, len(head) + 1), *map(self.model.rank_of, late)]
        ids = np.array(known)
        probs = self.model.probs_of(ids).tolist(), self.final.probs_of(ids).tolist()
        found = tuple(map(Candidate, known, map(self.piece, known), *probs, ranks, self._removers(ids)))
        return found if not late else tuple(sorted(found, key=lambda item: item.rank))

    def tail_mass(self, count: int = SHORTLIST) -> float:
        """Model probability of all tokens that ``candidates(count)`` leaves out."""
        return max(0.0, 1.0 - math.fsum(item.model_prob for item in self.candidates(count)))

    def snapshot(self, count: int = SHORTLIST, *, also: int | None = None, details: bool = False) -> Snapshot:
        """Return the record for display; ``also`` names a token that must be in it, even one that could never come."""
        shortlist = self.candidates(count, also=also)
        never = also is not None and not self.model.locate(np.array([also]))[1][0]
        return Snapshot(
            candidates=shortlist,
            links=tuple(link.note(details=details) for link in self.links),
            vocab_size=self.model.vocab_size,
            support=self.final.size,
            removed_mass=self.model.mass_outside(self.final),
            model_entropy_bits=self.model.entropy_bits,
            final_entropy_bits=self.final.entropy_bits,
            tail_count=self.model.size - (len(shortlist) - int(never)),
            tail_model_mass=max(0.0, 1.0 - math.fsum(item.model_prob for item in shortlist)),
            tail_final_mass=max(0.0, 1.0 - math.fsum(item.final_prob for item in shortlist)),
        )


@dataclass(frozen=True)
class Draw:
    """A trace and the token drawn from it; ``record`` may run later and in another thread.

    Attributes:
        position: 0 for the first token written.
        luck: the number in [0, 1) that chose the token, unless somebody did.
        chosen: somebody chose it.
    """

    trace: Trace
    position: int
    luck: float
    token_id: int
    chosen: bool = False

    def record(self, *, details: bool = False) -> TokenStep:
        """Return the frozen record."""
        trace, token = self.trace, np.array([self.token_id])
        return TokenStep(
            position=self.position,
            token_id=self.token_id,
            piece=trace.piece(self.token_id),
            luck=self.luck,
            model_prob=float(trace.model.probs_of(token)[0]),
            final_prob=float(trace.final.probs_of(token)[0]),
            rank=trace.model.rank_of(self.token_id),
            packed=trace.snapshot(also=self.token_id, details=details).pack(),
            chosen=self.chosen,
        )


def trace_chain(
    logits: npt.NDArray[np.floating],
    chain: tuple[Sampler, ...],
    context: StepContext,
    *,
    piece: Callable[[int], bytes] = lambda _: b"",
) -> Trace:
    """Apply a chain to logits, (vocab,) of any float type, which stay as they are.

    Raises:
        FloatingPointError: the logits hold NaN or +inf, or nothing but −inf; the sentence names the step.
        SettingError: a sampler cannot be carried out here.
    """
    try:
        model = now = Distribution.of_logits(logits)
    except FloatingPointError as error:
        raise FloatingPointError(f"At step {context.position + 1} the model's {error}.") from error
    links = []
    for sampler in chain:
        after = sampler.apply(now, context)
        if after is not now:
            links.append(Link(sampler, now, after))
        now = after
    return Trace(model, tuple(links), now, piece, chain, context)


def differing(one: Trace, other: Trace) -> tuple[int, ...]:
    """Return the tokens that exactly one of two traces of the same model's answer keeps, in the model's rank order."""
    ids = np.setxor1d(one.final.token_ids, other.final.token_ids, assume_unique=True)
    entries, _ = one.model.locate(ids)
    return tuple(ids[np.argsort(-one.model.raw[entries], kind="stable")].tolist())  # setxor1d sorts by id


def draw(final: Distribution, luck: float) -> int:
    """Return the token at which the running sum of probabilities, from the most probable down, passes ``luck``."""
    found = final.reach(math.nextafter(luck, 2.0))
    place = int(np.searchsorted(found.running, luck, side="right"))
    if place == found.edge.size:  # rounding may end the sum just below 1
        return int(draw_all(final, np.array([luck]))[0])
    return int(final.token_ids[found.edge[place]])


def draw_all(final: Distribution, lucks: FloatArray) -> IntArray:
    """Return the token that each number in [0, 1), (n,), draws, (n,)."""
    prefix, running = final.cover(math.nextafter(float(lucks.max()), 2.0))
    places = np.searchsorted(running, lucks, side="right")
    last = int(np.flatnonzero(np.diff(running, prepend=0.0))[-1])  # rounding may end the sum just below 1
    return prefix.token_ids[np.minimum(places, last)]


def by_hand(drawn: Draw, token: int) -> Draw:
    """Return a draw as somebody decided it.

    Raises:
        SettingError: the model itself rules the token out.
    """
    if not drawn.trace.model.locate(np.array([token]))[1][0]:
        raise SettingError(
            Sentence("The model gives token {token} no probability at all.", token=token), hint="Choose another one."
        )
    return replace(drawn, token_id=token, chosen=True)


def after(context: StepContext, drawn: Draw) -> StepContext:
    """Return where the next step stands once a token is written."""
    prob = float(drawn.trace.final.probs_of(np.array([drawn.token_id]))[0])
    return replace(
        context,
        history=(*context.history, drawn.token_id),
        position=context.position + 1,
        final_probs=(*context.final_probs, prob),
    )
