"""Which continuations of a group of beams go on, which are finished, and when the group has ended.

- The rules and their float32 arithmetic are those of transformers' ``_beam_search``, so that every comparison falls as
  it falls there. But beams that do not exist are left out, where transformers fills up with beams at −10⁹: at the first
  step, and wherever fewer tokens are possible than there are beams.
- Which beams run on depends on their sums alone; the length penalty only decides which finished texts are the best, and
  when to end. ``Finished`` holds that part, so that it can be gone through again under another length penalty.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from playground.hypotheses import Continuation, Ending, Fate, Hypothesis, SearchEnd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from playground.beam_settings import BeamParams
    from playground.expansion import Expansion


def normalized(total: float, length: int, length_penalty: float) -> float:
    """Return the score of a sum of logprobs over so many tokens."""
    return float(np.float32(total) / np.float32(length**length_penalty))


@dataclass(frozen=True, slots=True)
class Beam:
    """A running text.

    Attributes:
        place: its place among all beams between two steps.
        group: the group of beams that it belongs to.
        token_ids, pieces: the written tokens.
        logprob: sum of the model's own logprobs.
        total: sum of the logprobs as penalties and samplers leave them.
    """

    place: int = 0
    group: int = 0
    token_ids: tuple[int, ...] = ()
    pieces: tuple[bytes, ...] = ()
    logprob: float = 0.0
    total: float = 0.0

    def grown(self, by: Continuation) -> Beam:
        """Return the text with one more token, at the place that the continuation has."""
        ids, pieces = (*self.token_ids, by.token_id), (*self.pieces, by.piece)
        return Beam(by.beam or 0, by.group, ids, pieces, self.logprob + by.logprob, by.total)

    def finished(self, ending: Ending, length_penalty: float) -> Hypothesis:
        """Return the text as one that goes no further."""
        score = normalized(self.total, len(self.token_ids), length_penalty)
        return Hypothesis(self.token_ids, self.pieces, self.logprob, self.total, score, ending, self.group)


@dataclass
class Finished:
    """The best finished texts of a group, at most as many as it has beams."""

    params: BeamParams
    texts: list[Hypothesis] = field(default_factory=list)  # the best first

    def take(self, considered: Sequence[Continuation], beams: Iterable[Beam]) -> list[int]:
        """Take the texts that end at a step; return the indices of those that are among the best; old ones win a tie.

        Only the first continuations, as many as there are beams, can: the others are there so that enough run on.
        """
        parents = {beam.place: beam for beam in beams}
        fresh = {
            index: parents[item.parent].grown(item).finished(item.ending, self.params.length_penalty)
            for index, item in enumerate(considered[: self.params.group_beams])
            if item.ending
        }
        self.texts = best_first([*self.texts, *fresh.values()])[: self.params.group_beams]
        return [index for index, text in fresh.items() if any(text is kept for kept in self.texts)]

    def end(self, best_total: float | None, length: int) -> SearchEnd | None:
        """Return why the search ends after a step; None where it goes on.

        Args:
            best_total: sum of the best running text; None where none runs.
            length: tokens that it has.
        """
        params = self.params
        if length == params.max_new_tokens:
            return SearchEnd.LENGTH
        if best_total is None:
            return SearchEnd.NO_BEAM
        if len(self.texts) < params.group_beams:
            return None
        if params.early_stopping is True:
            return SearchEnd.FULL
        waits = params.early_stopping == "never" and params.length_penalty > 0
        hoped = normalized(best_total, params.max_new_tokens if waits else length, params.length_penalty)
        return None if hoped > self.texts[-1].score else SearchEnd.NO_BETTER


def best_first(texts: Iterable[Hypothesis]) -> list[Hypothesis]:
    """Sort texts by their scores; on a tie those that came first."""
    return sorted(texts, key=lambda text: -text.score)


@dataclass
class Group:
    """One group of beams and its finished texts; without diverse groups there is one.

    Attributes:
        end: why it has ended; None while it runs.
    """

    number: int
    params: BeamParams
    beams: list[Beam] = field(default_factory=lambda: [Beam()])
    finished: Finished = field(init=False)
    end: SearchEnd | None = None

    def __post_init__(self) -> None:
        """Start with nothing finished."""
        self.finished = Finished(self.params)

    def read(self, found: Expansion, eos_ids: frozenset[int], piece: Callable[[int], bytes]) -> list[Continuation]:
        """Return continuations of these beams as records; nothing has become of them yet."""
        length = len(self.beams[0].token_ids) + 1
        late = Ending.LENGTH if length == self.params.max_new_tokens else None
        return [
            Continuation(
                parent=self.beams[beam].place,
                group=self.number,
                token_id=token,
                piece=piece(token),
                logprob=logprob,
                step=step,
                total=total,
                score=normalized(total, length, self.params.length_penalty),
                ending=Ending.EOS if token in eos_ids else late,
                fate=Fate.PRUNED,
            )
            for beam, token, logprob, step, total in zip(*(column.tolist() for column in found), strict=True)
        ]

    def take(self, considered: Sequence[Continuation], first_place: int) -> list[Continuation]:
        """Go on with the best continuations, keep the best finished texts, and end where it is time.

        Args:
            considered: the records that ``read`` made.
            first_place: the place of this group's first beam among all beams after this step.

        Returns:
            The same records with what became of them, in the same order.
        """
        ended, kept = self.finished.take(considered, self.beams), running(considered)[: self.params.group_beams]
        best = considered[kept[0]].total if kept else None
        self.end = self.finished.end(best, len(self.beams[0].token_ids) + 1)
        judged = list(considered)
        for index in ended:
            judged[index] = replace(considered[index], fate=Fate.FINISHED)
        for rank, index in enumerate(kept):
            place = None if self.end else first_place + rank
            judged[index] = replace(considered[index], fate=Fate.KEPT, beam=place)
        parents = {beam.place: beam for beam in self.beams}
        self.beams = [parents[judged[index].parent].grown(judged[index]) for index in kept]
        return judged

    def stop(self) -> None:
        """End where it stands: what is running is finished as it is."""
        penalty, texts = self.params.length_penalty, self.finished.texts
        now = [beam.finished(Ending.STOPPED, penalty) for beam in self.beams if beam.token_ids]
        self.finished.texts = best_first([*texts, *now])
        self.end = SearchEnd.STOPPED


def running(considered: Sequence[Continuation]) -> list[int]:
    """Return the indices of the continuations that end nothing, the highest total first."""
    return sorted((i for i, item in enumerate(considered) if not item.ending), key=lambda i: -considered[i].total)
