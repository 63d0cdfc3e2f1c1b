"""The tree of a beam search looked at under another length penalty, without the model.

Which beams run on is decided by sums of logprobs, in which the length penalty has no part. It ranks finished texts and
decides when a search ends, so that a search under another one takes the same steps, only fewer or more of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from playground.hypotheses import BeamStep, Continuation, Ending, Fate, Hypothesis, SearchEnd
from playground.pruning import Beam, Finished, best_first

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playground.beam_settings import BeamParams


class Course(StrEnum):
    """How the search itself would have gone.

    SAME: the same steps; it may rank its texts otherwise.
    EARLIER: the same steps up to one at which it would have ended.
    LATER: it would have gone on where this one ended; what it would have found cannot be known.
    UNKNOWN: somebody stopped this one, or a group of beams would have ended earlier, and with it its penalty on others.
    """

    SAME = "same"
    EARLIER = "earlier"
    LATER = "later"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Reranked:
    """What another length penalty makes of a tree.

    Attributes:
        texts: everything that finished in the tree, and what was running where somebody stopped it, the best first.
        course: how the search itself would have gone.
        position: of its last step, where that is known.
        hypotheses: what it would have returned, where that is known.
    """

    texts: tuple[Hypothesis, ...]
    course: Course
    position: int | None = None
    hypotheses: tuple[Hypothesis, ...] = ()


def rerank(steps: Sequence[BeamStep], params: BeamParams, length_penalty: float) -> Reranked:
    """Rank the texts of a search under another length penalty, and say how the search would have gone under it.

    Args:
        steps: of a search that has ended, all of them.
        params: with which it ran.
        length_penalty: the other one.

    Raises:
        SettingError: the length penalty is outside its range.
    """
    other = replace(params, length_penalty=length_penalty)
    tree = _Tree(other)
    for step in steps:
        tree.take(step)
    texts = tuple(best_first([*tree.texts, *tree.running(steps[-1])]))
    course = _course(tree.replays, stopped=steps[-1].end is SearchEnd.STOPPED)
    if course in {Course.LATER, Course.UNKNOWN}:
        return Reranked(texts, course)
    found = best_first(text for replay in tree.replays for text in replay.finished.texts)
    last = max(replay.end or 0 for replay in tree.replays)
    return Reranked(texts, course, last, tuple(found[: params.num_return_sequences]))


def _course(replays: Sequence[_Replay], *, stopped: bool) -> Course:
    if all(replay.end == replay.recorded for replay in replays):
        return Course.SAME
    earlier = any(replay.end not in {replay.recorded, None} for replay in replays)
    endless = any(replay.end is None for replay in replays)
    if (stopped and endless) or (earlier and len(replays) > 1):
        return Course.UNKNOWN
    return Course.LATER if endless else Course.EARLIER


@dataclass
class _Replay:
    """One group under the other length penalty.

    Attributes:
        recorded: position of its last recorded step.
        end: position of the step at which it ends now; None where it does not.
    """

    finished: Finished
    recorded: int = -1
    end: int | None = None


@dataclass
class _Tree:
    """The beams at the tips, by their places, and all texts that ended."""

    params: BeamParams
    tips: dict[int, Beam] = field(default_factory=lambda: {0: Beam()})
    texts: list[Hypothesis] = field(default_factory=list)
    replays: list[_Replay] = field(init=False)

    def __post_init__(self) -> None:
        self.replays = [_Replay(Finished(self.params)) for _ in range(self.params.num_beam_groups)]

    def take(self, step: BeamStep) -> None:
        """Follow a step."""
        for number, replay in enumerate(self.replays):
            considered = [item for item in step.continuations if item.group == number]
            if considered:
                self._follow(replay, considered, step.position)
        kept = [item for item in step.continuations if item.beam is not None]
        if kept:
            self.tips = {item.beam or 0: self.tips[item.parent].grown(item) for item in kept}

    def _follow(self, replay: _Replay, considered: Sequence[Continuation], position: int) -> None:
        replay.recorded = position
        everything = Finished(self.params)
        everything.take(considered, self.tips.values())
        self.texts += everything.texts
        if replay.end is None:
            replay.finished.take(considered, self.tips.values())
            best = max((item.total for item in considered if item.fate is Fate.KEPT), default=None)
            if replay.finished.end(best, position + 1):
                replay.end = position

    def running(self, last: BeamStep) -> list[Hypothesis]:
        """Return what was running where somebody stopped the search."""
        if last.end is not SearchEnd.STOPPED:
            return []
        penalty = self.params.length_penalty
        return [tip.finished(Ending.STOPPED, penalty) for tip in self.tips.values() if tip.token_ids]
